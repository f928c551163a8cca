package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/agent/boiler"
	"thermostat/agent/clitest"
	"thermostat/agent/config"
	"thermostat/agent/config/sources"
	"thermostat/agent/service"
	"thermostat/agent/state"
	"thermostat/controlloop"
	"thermostat/controlloop/mailbox"
	"thermostat/mqtt/setpoint"
)

// A list of relays that could not be written stays a fault when the setpoint
// can be kept: after a crash, off would miss a relay.
func TestUnwrittenRelaysStayAFault(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(state.RelaysFile(dir), 0o700); err != nil { // no file can take its place
		t.Fatal(err)
	}
	a := simulatedAgentIn(t, dir)
	mem, err := state.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.zones.saving(keptSetpoint, mem.Save)("hall", setpoint.Memory{}); err != nil {
		t.Fatal(err)
	}
	if bad := a.zones.byName()["hall"].alarm.Bad; len(bad) != 1 || bad[keptRelays] == "" {
		t.Errorf("%q, want the relays alone", bad)
	}
}

// pastIn writes down that the zone hall, and the source boiler, went off a second ago.
func pastIn(t *testing.T, dir, room string) {
	t.Helper()
	mem, err := state.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	boot := state.ThisBoot()
	off := &state.KeptOutput{Since: boot.Now() - time.Second, Why: controlloop.ReasonMinOff}
	if err := state.WriteChecked(mem.PastFile("hall"), state.KeptZone{Boot: boot.ID, Heater: off, Comfort: state.Comfort{Room: room}}); err != nil {
		t.Fatal(err)
	}
	if _, err := state.LoadSource(mem, "boiler"); err != nil { // makes its folder
		t.Fatal(err)
	}
	if err := state.WriteChecked(state.SourceFile(mem, "boiler"), state.KeptSource{Boot: boot.ID, Relay: off}); err != nil {
		t.Fatal(err)
	}
}

// TestARestIsServedWholeWhereTheLastSwitchMayNotBeKept: a folder that takes no writes may tell of an
// off before the last on, and that of another zone's relay tells nothing.
func TestARestIsServedWholeWhereTheLastSwitchMayNotBeKept(t *testing.T) {
	for name, row := range map[string]struct {
		full, others, known bool
	}{
		"a sound folder":                 {known: true},
		"a folder that takes no writes":  {full: true},
		"the relays of the zone are new": {others: true},
	} {
		dir := t.TempDir()
		room := simulatedAgent(t).zones[0].room()
		if row.others {
			room = "another"
		}
		pastIn(t, dir, room)
		if row.full {
			if err := os.Mkdir(filepath.Join(dir, "starts"), 0o700); err != nil { // no file can take its place
				t.Fatal(err)
			}
		}
		a := simulatedAgentIn(t, dir)
		if past := a.zones[0].loop.Past.Heater; past.Known != row.known {
			t.Errorf("%s: %+v", name, past)
		}
		mem, err := state.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		b := &boiler.Boiler{Source: sources.Source{Name: "boiler"}, Log: slog.New(slog.DiscardHandler)}
		boiler.All{b}.Recall(mem, !row.full)
		if past := b.Past.Past(state.ThisBoot()); past.Known == row.full {
			t.Errorf("%s: source %+v", name, past)
		}
	}
}

// TestManyZonesStartWithinTheUnitsTime: the service manager waits for the last one.
func TestManyZonesStartWithinTheUnitsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &agent{}
		for range service.FewZones + 1 {
			a.zones = append(a.zones, &zone{Zone: config.Zone{Params: controlloop.Params{Sample: 10 * time.Minute}}})
		}
		began := time.Now()
		a.holdBack(t.Context(), service.FewZones)
		if took := time.Since(began); took > 45*time.Second {
			t.Errorf("the last of %d zones starts after %v, and the unit's TimeoutStartSec is 60", len(a.zones), took)
		}
	})
}

// TestRefusedControlsAreCounted: each answer counts once, and the orderly end
// writes the counts.
func TestRefusedControlsAreCounted(t *testing.T) {
	a := simulatedAgent(t)
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.run(ctx) }()
	for _, control := range []string{`{"desired":99}`, `{"desired":21}`, `nonsense`} {
		if _, err := a.session.Submit(ctx, "hall", "page", []byte(control)); err != nil {
			t.Fatal(err)
		}
	}
	end()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	kept, err := (&state.Folder{Dir: a.cfg.StateDir}).LoadPast("hall")
	if err != nil || kept.Counters == nil || kept.Counters.Refused != 2 || kept.Counters.Accepted != 1 {
		t.Errorf("%+v, %v", kept.Counters, err)
	}
}

// simulatedAgent has the zones hall and bath, and no broker.
func simulatedAgent(t *testing.T) *agent {
	t.Helper()
	return simulatedAgentIn(t, t.TempDir())
}

func simulatedAgentIn(t *testing.T, stateDir string) *agent {
	t.Helper()
	cfg, complaints := config.Read("test", []byte(`device: cabin
http: {listen: ""}
state_dir: `+stateDir+`
zones:
  - {name: hall, sensor: {driver: simulated}, heater: {driver: simulated}}
  - {name: bath, sensor: {driver: simulated}, heater: {driver: simulated}}
`))
	for _, c := range complaints {
		t.Log(c)
	}
	a, err := newAgent(cfg, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestZonesAreWokenAfterASuspend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ahead atomic.Int64 // a time.Duration
		ahead.Store(int64(time.Minute))
		var said clitest.LockedText
		loop := &controlloop.Zone{Woken: mailbox.New[struct{}]()}
		a := &agent{
			sleep: &service.SleepClock{Ahead: func() time.Duration { return time.Duration(ahead.Load()) }},
			zones: zones{{loop: loop}}, log: slog.New(slog.NewTextHandler(&said, nil)),
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go a.wakeZones(ctx)
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(loop.Woken.C()) > 0 || said.String() != "" {
			t.Errorf("woken without a suspend: %s", said.String())
		}
		ahead.Add(int64(8 * time.Hour))
		time.Sleep(napLook)
		synctest.Wait()
		if len(loop.Woken.C()) == 0 || strings.Count(said.String(), "\n") != 1 || !strings.Contains(said.String(), "for=8h0m0s") {
			t.Errorf("%d words to the zone, log %q", len(loop.Woken.C()), said.String())
		}
	})
}

func TestCheckWarnsWhereTheSystemMaySuspendByItself(t *testing.T) {
	const idle = "IdleAction=suspend in "
	for name, row := range map[string]struct {
		files map[string]string // -> makes a link
		want  string
	}{
		"a plain system":             {map[string]string{"/sys/power/state": "freeze mem\n", "/etc/systemd/logind.conf": "[Login]\n#IdleAction=suspend\n"}, ""},
		"logind":                     {map[string]string{"/etc/systemd/logind.conf": "[Login]\nIdleAction=suspend\n"}, idle + "/etc/systemd/logind.conf"},
		"logind, with blanks":        {map[string]string{"/etc/systemd/logind.conf": "[Login]\nIdleAction = hibernate\n"}, "IdleAction=hibernate in"},
		"logind, in a drop-in":       {map[string]string{"/usr/lib/systemd/logind.conf.d/10-idle.conf": "[Login]\nIdleAction=suspend"}, idle + "/usr/lib/systemd/logind.conf.d/10-idle.conf"},
		"logind, mended by a later":  {map[string]string{"/etc/systemd/logind.conf": "IdleAction=suspend\n", "/etc/systemd/logind.conf.d/a.conf": "IdleAction=ignore\n"}, ""},
		"logind, hidden by /etc":     {map[string]string{"/usr/lib/systemd/logind.conf.d/a.conf": "IdleAction=suspend\n", "/etc/systemd/logind.conf.d/a.conf": ""}, ""},
		"logind that locks":          {map[string]string{"/etc/systemd/logind.conf": "IdleAction=lock\n"}, ""},
		"masked":                     {map[string]string{"/etc/systemd/logind.conf": "IdleAction=suspend\n", "/etc/systemd/system/sleep.target": "->/dev/null"}, ""},
		"suspend alone masked":       {map[string]string{"/etc/systemd/logind.conf": "IdleAction=suspend\n", "/etc/systemd/system/suspend.target": "->/dev/null"}, ""},
		"hibernates, suspend masked": {map[string]string{"/etc/systemd/logind.conf": "IdleAction=hibernate\n", "/etc/systemd/system/suspend.target": "->/dev/null"}, "IdleAction=hibernate"},
		"GNOME, masked":              {map[string]string{"/sys/power/state": "mem\n", "/usr/libexec/gsd-power": "", "/etc/systemd/system/suspend.target": "->/dev/null"}, ""},
		"autosleep":                  {map[string]string{"/sys/power/autosleep": "mem\n"}, "/sys/power/autosleep is mem"},
		"autosleep off":              {map[string]string{"/sys/power/autosleep": "off\n"}, ""},
		"GNOME":                      {map[string]string{"/sys/power/state": "freeze mem disk\n", "/usr/libexec/gsd-power": ""}, "GNOME's power settings"},
		"GNOME that cannot":          {map[string]string{"/sys/power/state": "\n", "/usr/libexec/gsd-power": ""}, ""},
	} {
		root := t.TempDir()
		for path, text := range row.files {
			path = filepath.Join(root, path)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if to, ok := strings.CutPrefix(text, "->"); ok {
				if err := os.Symlink(to, path); err != nil {
					t.Fatal(err)
				}
				continue
			}
			clitest.WriteFile(t, path, text)
		}
		said := strings.ReplaceAll(service.SuspendWarning(cleanConfig(t, clitest.TwoRelays), root), root, "")
		if !strings.Contains(said, row.want) || (said == "") != (row.want == "") {
			t.Errorf("%s: %q, want %q", name, said, row.want)
		}
		if said := service.SuspendWarning(cleanConfig(t, "device: den\nzones: []\n"), root); said != "" {
			t.Errorf("%s: without a relay: %q", name, said)
		}
	}
}

// cleanConfig is a configuration of which nothing is complained.
func cleanConfig(t *testing.T, text string) config.Config {
	t.Helper()
	cfg, complaints := config.Read("f", []byte(text))
	if len(complaints) > 0 {
		t.Fatalf("complaints: %v", complaints)
	}
	return cfg
}
