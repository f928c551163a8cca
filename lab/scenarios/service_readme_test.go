package scenarios

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"thermostat/lab/board"
)

// readmeOwner has no hardware, so that nano puts simulated rooms where probe
// found no sensor. sudo is Debian's in name only: commands without it are run
// by an ordinary user.
const readmeOwner = `set -e
useradd --create-home pi
cd /home/pi
cp /lab/thermostat.deb $(sed -n 's#^sudo apt install ./##p' /lab/readme)
cat >/usr/local/bin/nano <<'END'
#!/bin/sh
test -f "$1"
sed -i '/^zones:/d' "$1"
cat >>"$1" <<'ZONES'
zones:
  - name: room-1
    sensor: {driver: simulated}
    heater: {driver: simulated}
    default_setpoint: {mode: off}
ZONES
END
chmod 755 /usr/local/bin/nano
owner() { # COMMAND
  case $1 in
  "sudo "*) bash -ec "${1#sudo }" ;;
  *) runuser -u pi -- bash -ec "$1" ;;
  esac
}
while read -r line; do
  echo "pi\$ $line"
  [ "$line" != "thermostat watch" ] || line="timeout 5 thermostat watch || true"
  owner "$line"
done </lab/readme
echo 'pi$ thermostat set room-1 19'
owner 'thermostat set room-1 19' || echo "exit $?"
mv /etc/thermostat/config.yaml /root/config.yaml && install -m 600 /root/config.yaml /etc/thermostat/config.yaml
owner 'thermostat check' || echo "exit $?"
echo the owner is content
touch /lab/ready
for i in $(seq 600); do [ ! -e /lab/seen ] || break; sleep 0.2; done
chmod 644 /etc/thermostat/config.yaml
owner 'timeout 5 thermostat watch --json' || true
`

// TestThePackageInstallsAsReadmeSays: the package installed as README says, command by command.
// The page is seen from another network, a phone sets 21 °C there with the
// password that was shown, and set, watch and check say what they need.
func TestThePackageInstallsAsReadmeSays(t *testing.T) {
	t.Parallel()
	c := newContainer(t, readmeOwner)
	browser := needPhone(t)
	copied(t, ourPackage(t), filepath.Join(c.lab, "thermostat.deb"))
	if err := os.WriteFile(filepath.Join(c.lab, "readme"), []byte(installCommands(t)), 0o644); err != nil {
		t.Fatal(err)
	}
	house, phone := networks(t)
	ended := make(chan struct{})
	t.Cleanup(func() { <-ended })
	go func() {
		defer close(ended)
		c.boots("--network-namespace-path=/run/netns/" + house)
	}()
	answer := c.phone(phone, browser)
	<-ended
	if !strings.Contains(answer, "Set to 21.0\u00a0°C") { // the number stays with its unit
		t.Errorf("the phone: %s", answer)
	}
	c.says("http://"+houseAddress+":8466", "http://cabin.local:8466", "/room-1  ", "applied: mode heat, desired 20.00 °C",
		"/etc/thermostat/http-password: permission denied; only root may do this: type sudo thermostat set room-1 19\nexit 1",
		"/etc/thermostat/config.yaml: permission denied", "only root may do this: type sudo thermostat check\nexit 2", "the owner is content", `"desired":21`, `"source":"page"`)
}

// installCommands are those of README's Install, in their order.
func installCommands(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, install, _ := strings.Cut(string(text), "\n## Install\n")
	install, _, _ = strings.Cut(install, "\n## ")
	var commands []string
	for _, line := range strings.Split(install, "\n") {
		if command, ok := strings.CutPrefix(line, "    "); ok {
			commands = append(commands, strings.TrimSpace(regexp.MustCompile(` +#.*`).ReplaceAllString(command, "")))
		}
	}
	if len(commands) < 7 || !strings.HasPrefix(commands[0], "sudo apt install ./thermostat_") {
		t.Fatalf("README's Install has the commands %q", commands)
	}
	return strings.Join(commands, "\n") + "\n"
}

// needPhone gives the folder of what drives Chromium.
func needPhone(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"node", "chromium", "ip"} {
		if _, err := exec.LookPath(name); err != nil {
			board.Missing(t, name+" is not installed")
		}
	}
	dir := "../../status/browser"
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil {
		board.Missing(t, "the browser's driver is not there: run npm ci in status/browser")
	}
	return dir
}

// Of a network for documentation, RFC 5737.
const (
	houseAddress = "198.51.100.1"
	phoneAddress = "198.51.100.2"
)

// networks makes two of them, with a cable between.
func networks(t *testing.T) (house, phone string) {
	t.Helper()
	house, phone = fmt.Sprintf("house-%d", os.Getpid()), fmt.Sprintf("phone-%d", os.Getpid())
	ip := func(args string) {
		t.Helper()
		if text, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", args, err, text)
		}
	}
	for _, n := range []string{house, phone} {
		ip("netns add " + n)
		t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", n).Run() })
		ip("-n " + n + " link set lo up")
	}
	ip("-n " + house + " link add lan type veth peer name lan netns " + phone)
	for n, address := range map[string]string{house: houseAddress, phone: phoneAddress} {
		ip("-n " + n + " addr add " + address + "/24 dev lan")
		ip("-n " + n + " link set lan up")
	}
	return house, phone
}

var shownPassword = regexp.MustCompile(`password  ([a-z0-9-]{19}) `)

// phone waits until the owner is content, sets 21 °C on the page, and gives
// what it saw.
func (c *container) phone(network, browser string) string {
	c.t.Helper()
	defer func() { _ = os.WriteFile(filepath.Join(c.lab, "seen"), nil, 0o644) }()
	within(c.t, 3*time.Minute, "the owner is content", func() bool {
		_, err := os.Stat(filepath.Join(c.lab, "ready"))
		return err == nil
	})
	password := shownPassword.FindStringSubmatch(c.file("said"))
	if password == nil {
		return "no password was shown"
	}
	cmd := exec.Command("ip", "netns", "exec", network, "node", "phone.js", "http://"+houseAddress+":8466", password[1], "room-1")
	cmd.Dir = browser
	text, err := cmd.CombinedOutput()
	return fmt.Sprintf("%s %v", text, err)
}
