package state

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"thermostat/agent/config"
	"thermostat/agent/config/machine"
	"thermostat/drivers"
	pb "thermostat/proto"
)

// aUser is a machine whose user's state folder is an empty one, or a copy of one that a
// version before 1.0.0 wrote, with a list of relays.
func aUser(t *testing.T, before bool) (m machine.Machine, root string) {
	t.Helper()
	home := t.TempDir()
	if before {
		if err := os.CopyFS(home, os.DirFS("testdata/state-before-1.0.0")); err != nil {
			t.Fatal(err)
		}
	}
	root = filepath.Join(home, "thermostat")
	if before {
		if err := WriteChecked(RelaysFile(root), []any{heldLine}); err != nil {
			t.Fatal(err)
		}
	}
	return machine.Machine{Hostname: "host", Getenv: func(key string) string {
		return map[string]string{"XDG_STATE_HOME": home}[key]
	}}, root
}

func adopt(t *testing.T, m machine.Machine, device string) config.Config {
	t.Helper()
	cfg, _ := config.ReadOn("f", []byte("device: "+device+"\nzones: []\n"), m)
	if err := Adopt(m, cfg, slog.New(slog.DiscardHandler)); err != nil {
		t.Error(err)
	}
	return cfg
}

// remembered gives the setpoint that a state folder keeps of the fixture's zone; 0: none.
func remembered(t *testing.T, dir string) float64 {
	t.Helper()
	kept, err := (&Folder{Dir: dir}).Load("room")
	if err != nil {
		t.Fatal(err)
	}
	if len(kept.Cur) == 0 {
		return 0
	}
	var c pb.TemperatureControl
	if err := proto.Unmarshal(kept.Cur, &c); err != nil {
		t.Fatal(err)
	}
	return c.GetDesired()
}

// TestAUsersStateFolderOfAnEarlierVersionBecomesTheFirstDevices, with its setpoint, its
// relays and its name; the second device begins anew, and neither sees the other's.
func TestAUsersStateFolderOfAnEarlierVersionBecomesTheFirstDevices(t *testing.T) {
	for _, device := range []string{"cabin", "zones", "relays"} { // also one that is called as an entry is
		m, root := aUser(t, true)
		word, err := (&Folder{Dir: root}).Instance(false)
		if err != nil {
			t.Fatal(err)
		}
		cfg := adopt(t, m, device)
		if cfg.StateDir != filepath.Join(root, device) || remembered(t, cfg.StateDir) != 21.5 {
			t.Errorf("%s: %s remembers %v", device, cfg.StateDir, remembered(t, cfg.StateDir))
		}
		if is, err := (&Folder{Dir: cfg.StateDir}).Instance(false); is != word || err != nil {
			t.Errorf("%s: the name is %s, was %s (%v)", device, is, word, err)
		}
		second := adopt(t, m, "den")
		if second.StateDir != filepath.Join(root, "den") || remembered(t, second.StateDir) != 0 {
			t.Errorf("the second device remembers %v", remembered(t, second.StateDir))
		}
		if again := adopt(t, m, device); remembered(t, again.StateDir) != 21.5 {
			t.Errorf("%s: the second start remembers %v", device, remembered(t, again.StateDir))
		}
		if relays, err := heldIn(Folders(m)); err != nil || !slices.Contains(relays, heldLine) {
			t.Errorf("off knows %v (%v)", relays, err)
		}
	}
}

// TestAMoveThatWasCutOffIsCarriedOn by the next start, and `off` knows its relays meanwhile.
func TestAMoveThatWasCutOffIsCarriedOn(t *testing.T) {
	for _, made := range []bool{false, true} {
		m, root := aUser(t, true)
		if err := os.Rename(root, root+movingSuffix); err != nil {
			t.Fatal(err)
		}
		if made {
			if err := os.Mkdir(root, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if relays, err := heldIn(Folders(m)); err != nil || !slices.Contains(relays, heldLine) {
			t.Errorf("off knows %v (%v)", relays, err)
		}
		if cfg := adopt(t, m, "cabin"); remembered(t, cfg.StateDir) != 21.5 {
			t.Errorf("remembers %v", remembered(t, cfg.StateDir))
		}
	}
}

// TestOtherStateFoldersStayAsTheyAre: the installed one, one that the configuration
// names, and one that holds more than an earlier version wrote.
func TestOtherStateFoldersStayAsTheyAre(t *testing.T) {
	m, root := aUser(t, true)
	installed := machine.Machine{Hostname: "host", Getenv: func(key string) string { return map[string]string{"STATE_DIRECTORY": root}[key] }}
	if cfg := adopt(t, installed, "cabin"); cfg.StateDir != root || remembered(t, root) != 21.5 {
		t.Errorf("the installed folder is %s", cfg.StateDir)
	}
	given, _ := config.ReadOn("f", []byte("device: cabin\nstate_dir: "+root+"\n"), m)
	if err := Adopt(m, given, slog.New(slog.DiscardHandler)); err != nil || given.StateDir != root || remembered(t, root) != 21.5 {
		t.Errorf("the given folder is %s (%v)", given.StateDir, err)
	}
	if err := os.Mkdir(filepath.Join(root, "den"), 0o700); err != nil {
		t.Fatal(err)
	}
	if cfg := adopt(t, m, "cabin"); remembered(t, cfg.StateDir) != 0 || remembered(t, root) != 21.5 {
		t.Error("a folder with another device's in it was moved")
	}
	fresh, none := aUser(t, false)
	adopt(t, fresh, "cabin")
	if _, err := os.Stat(none); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder was made: %v", err)
	}
}

// heldLine is what the agent of before held.
var heldLine = drivers.Held{GPIO: drivers.GPIO{Line: "GPIO27"}}

// heldIn are the relays that off finds in state folders.
func heldIn(dirs []string) (all []drivers.Held, err error) {
	for _, dir := range dirs {
		held, bad := ReadRelays(dir)
		all, err = append(all, held...), errors.Join(err, bad)
	}
	return all, err
}
