package state

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"thermostat/agent/clitest"
	"thermostat/agent/config"
	"thermostat/controlloop"
	"thermostat/mqtt/setpoint"
)

func testFolder(t *testing.T) *Folder {
	t.Helper()
	m, err := Open(filepath.Join(t.TempDir(), "state"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMemoryKeepsBytes(t *testing.T) {
	m := testFolder(t)
	if got, err := m.Load("hall"); err != nil || !reflect.DeepEqual(got, setpoint.Memory{}) {
		t.Errorf("a zone without a past has %+v, %v", got, err)
	}
	want := setpoint.Memory{Cur: []byte("\x00\xff{"), Seen: []byte("b"), Before: nil, N: 1 << 60}
	if err := m.Save("hall", want); err != nil {
		t.Fatal(err)
	}
	if got, err := m.Load("hall"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("came back as %+v, %v", got, err)
	}
	if left, _ := filepath.Glob(filepath.Join(m.Dir, "zones", "*.part")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestDamagedMemoryIsNeverASetpoint: one flipped bit, a cut or an empty file is damage, never a setpoint.
func TestDamagedMemoryIsNeverASetpoint(t *testing.T) {
	m := testFolder(t)
	if err := m.Save("hall", setpoint.Memory{Cur: []byte(`{"desired":21}`), N: 3}); err != nil {
		t.Fatal(err)
	}
	file := m.zoneFile("hall")
	whole, _ := os.ReadFile(file)
	check := func(name string, data []byte) {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := m.Load("hall"); err == nil || len(got.Cur) > 0 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for i := range whole {
		check("cut", whole[:i])
		flipped := bytes.Clone(whole)
		flipped[i] ^= 1
		check("flipped", flipped)
	}
	check("foreign", []byte("hello"))
}

func TestTheInstanceIsKeptUntilANewOneIsAskedFor(t *testing.T) {
	m := testFolder(t)
	a, err := m.Instance(false)
	b, _ := m.Instance(false)
	c, _ := m.Instance(true)
	d, _ := m.Instance(false)
	if err != nil || a == "" || a != b || c == a || d != c {
		t.Errorf("instances %q %q %q %q, %v", a, b, c, d, err)
	}
}

// TestAFailedSaveLeavesTheOldFileWhole: a folder that is gone is an error, and the old file stays whole.
func TestAFailedSaveLeavesTheOldFileWhole(t *testing.T) {
	m := testFolder(t)
	if err := os.RemoveAll(m.Dir); err != nil {
		t.Fatal(err)
	}
	if err := m.Save("hall", setpoint.Memory{N: 1}); err == nil {
		t.Error("saved into nothing")
	}
}

// TestTheFileOfVersion100IsReadAndAProgramBesideItLeavesItAsItIs: the setpoint that 1.0.0 kept
// counts, also once a program is kept for the zone, whose file is another one.
func TestTheFileOfVersion100IsReadAndAProgramBesideItLeavesItAsItIs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.CopyFS(dir, os.DirFS("testdata/state-1.0.0")); err != nil {
		t.Fatal(err)
	}
	m, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	was, _ := os.ReadFile(m.zoneFile("room"))
	cfg, complaints := config.Read("test", []byte("device: cabin\n"+strings.Replace(clitest.Room, "name: a", "name: room", 1)+"    program: 06:00 20\n"))
	if cfg.StateDir = dir; len(cfg.Zones) != 1 {
		t.Fatal(complaints)
	}
	obeys := func(week string) {
		t.Helper()
		err := eachRemembered(cfg, func(_ config.Zone, c *setpoint.ControlArbiter, p *setpoint.ProgramArbiter) {
			if sp := c.Active(); sp.Mode != controlloop.ModeHeat || sp.Desired != 21.5 || sp.UpDelta != 0.5 || !strings.HasSuffix(sp.ID, "/1") {
				t.Errorf("the setpoint is %+v", sp)
			}
			if got := *p.Active().Week; got != week {
				t.Errorf("the week is %q, want %q", got, week)
			}
		})
		if err != nil {
			t.Error(err)
		}
	}
	obeys("06:00 20")
	if err := m.SaveProgram("room", setpoint.Memory{Cur: []byte(`{"week":"07:00 19"}`), N: 3}); err != nil {
		t.Fatal(err)
	}
	obeys("07:00 19")
	if is, err := os.ReadFile(m.zoneFile("room")); err != nil || !bytes.Equal(is, was) {
		t.Errorf("the file of 1.0.0 has become %q, %v", is, err)
	}
	if got, err := m.LoadProgram("room"); err != nil || string(got.Cur) != `{"week":"07:00 19"}` || got.N != 3 {
		t.Errorf("the program came back as %+v, %v", got, err)
	}
}

// TestWhetherTheClockCanBeFollowedIsKeptForThisBoot: that it can, that it no longer can, and of
// another boot nothing.
func TestWhetherTheClockCanBeFollowedIsKeptForThisBoot(t *testing.T) {
	m, boot := testFolder(t), &fakeBoot{}
	m.boot = boot.clock("a")
	want := func(what string, can, noMore bool) {
		t.Helper()
		if gotCan, gotNoMore := m.ClockFollowed(); gotCan != can || gotNoMore != noMore {
			t.Errorf("%s: %v, %v", what, gotCan, gotNoMore)
		}
	}
	note := func(can bool) {
		t.Helper()
		if err := m.FollowClock(func() bool { return can }); err != nil {
			t.Fatal(err)
		}
	}
	want("nothing was noted", false, false)
	for range 2 {
		note(true)
		want("it can", true, false)
		note(false)
		want("it no longer can", false, true)
	}
	m.boot = boot.clock("b")
	want("another boot", false, false)
	m.boot = boot.clock("")
	note(true)
	want("a system that tells no boot", false, false)
}
