package scenarios

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// upgradedFrom is the commit whose package people have: the last one before
// the page was shown to the network.
const upgradedFrom = "c4f4b86"

// heldBefore is a relays list as an agent with a relay at GPIO17 has left it.
// No chip is there, so that no agent can switch it off and take it from the list.
var heldBefore = fmt.Sprintf("thermostat-memory-1 %08x\n%s", crc32.ChecksumIEEE([]byte(heldBody)), heldBody)

const heldBody = `[{"line":"GPIO17","active_low":false}]`

// upgradingOwner heats, is given a setpoint that is not the configured one, and
// upgrades while the relay rests for an hour.
const upgradingOwner = `set -e
apt-get install -y /lab/old.deb
mkdir -p /etc/thermostat
cat >/etc/thermostat/config.yaml <<'END'
device: cabin
zones:
  - name: bath
    sensor: {driver: simulated, model: linear, start: 20, up: 24h, down: 24h, noise: 0}
    heater: {driver: simulated}
    default_setpoint: {mode: heat, desired: 10}
    timing: {sample: 1s, stale_after: 5s, min_on: 0s, min_off: 0s}
END
state=/var/lib/thermostat
http() { # METHOD PATH BODY
  exec 3<>/dev/tcp/127.0.0.1/8466
  printf '%s %s HTTP/1.0\r\nHost: localhost\r\nContent-Length: %s\r\n\r\n%s' "$1" "$2" "${#3}" "$3" >&3
  cat <&3
}
waits() { # WORD FILE
  for i in $(seq 300); do
    if http GET /api/zones '' 2>/dev/null | tail -1 >"$2" && grep -q "$1" "$2"; then return; fi
    sleep 0.2
  done
  echo "it never says $1:"; cat "$2"
}
install -d -o thermostat -g thermostat -m 700 $state
install -o thermostat -g thermostat -m 600 /lab/held $state/relays
systemctl start thermostat
waits '"zone":"bath"' /lab/first
http PUT /api/zones/bath/control '{"desired":23,"mode":"heat","up_delta":0.25}'
waits '"heater":"on"' /lab/heating
sed -i 's/min_off: 0s/min_off: 1h/' /etc/thermostat/config.yaml
systemctl restart thermostat
waits '"reason":"min_off"' /lab/before
cp $state/relays /lab/relays.before
cp $state/instance.json /lab/instance.before
find $state | sort >/lab/files.before
apt-get install -y /lab/new.deb
waits '"reason":"min_off"' /lab/after
cp $state/relays /lab/relays.after
cp $state/instance.json /lab/instance.after
find $state | sort >/lab/files.after
systemctl is-active thermostat
systemctl stop thermostat
echo the owner is content
`

// TestUpgradeKeepsWhatIsRemembered: from the package that people have to this
// one: setpoint, rest, counters, relays list and name stay, in the same folder.
func TestUpgradeKeepsWhatIsRemembered(t *testing.T) {
	t.Parallel()
	c := newContainer(t, upgradingOwner)
	copied(t, olderPackage(t), filepath.Join(c.lab, "old.deb"))
	copied(t, ourPackage(t), filepath.Join(c.lab, "new.deb"))
	if err := os.WriteFile(filepath.Join(c.lab, "held"), []byte(heldBefore), 0o644); err != nil {
		t.Fatal(err)
	}
	c.boots("--private-network")
	c.says("\nactive\n", "the owner is content")
	before, after := c.bath("before"), c.bath("after")
	if after.Desired != 23 || after.UpDelta != 0.25 || after.Mode != "heat" || after.Heater != "off" {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if before.Cycles < 1 || after.Cycles != before.Cycles || after.Wait <= 0 || after.Wait > before.Wait {
		t.Errorf("the rest: before %+v, after %+v", before, after)
	}
	for _, name := range []string{"relays", "instance", "files"} {
		if got, want := c.file(name+".after"), c.file(name+".before"); got != want || got == "" {
			t.Errorf("%s: %q after the upgrade, %q before", name, got, want)
		}
	}
	if got := c.file("relays.after"); !strings.Contains(got, "GPIO17") {
		t.Errorf("the relays list has lost GPIO17: %q", got)
	}
}

// bathState is what is compared of a zone's state.
type bathState struct {
	Desired float64 `json:"desired"`
	UpDelta float64 `json:"up_delta"`
	Mode    string  `json:"mode"`
	Heater  string  `json:"heater"`
	Wait    float64 `json:"wait_s"`
	Cycles  int     `json:"heater_cycles"`
}

func (c *container) bath(file string) bathState {
	c.t.Helper()
	var zones []bathState
	if err := json.Unmarshal([]byte(c.file(file)), &zones); err != nil || len(zones) != 1 {
		c.t.Fatalf("%s: %v in %q\n%s", file, err, c.file(file), c.file("said"))
	}
	return zones[0]
}

// olderPackage makes the package of upgradedFrom, in a checkout of its own.
func olderPackage(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "older")
	if text, err := exec.Command("git", "worktree", "add", "--detach", dir, upgradedFrom).CombinedOutput(); err != nil {
		t.Skipf("the commit %s, whose package is upgraded, is not in this clone: git fetch --unshallow\n%s", upgradedFrom, text)
	}
	t.Cleanup(func() { _ = exec.Command("git", "worktree", "remove", "--force", dir).Run() })
	file, err := crossBuilt(dir, runtime.GOARCH, "VERSION=0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return file
}
