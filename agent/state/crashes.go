package state

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"thermostat/agent/config"
	"thermostat/agent/config/plant"
	"thermostat/controlloop"
)

// A crash loop is this many starts within this time that did not end in order.
// Each could have switched a compressor on; the next start leaves it off.
const (
	crashesToLock = 3
	crashWindow   = 10 * time.Minute
	crashLock     = 10 * time.Minute // at least; more where min_off is longer
)

// starts are the starts that have not ended in order, the running one among
// them: state_dir/starts. Only those of one boot can be told apart in time; a
// boot serves all of min_off anyway.
type starts struct {
	Boot string          `json:"boot"`
	At   []time.Duration `json:"at"` // ns since boot
}

func (m *Folder) startsFile() string { return filepath.Join(m.Dir, "starts") }

// Started notes this start and gives how many others of late did not end in
// order. Where that cannot be read there were none.
func (m *Folder) Started(b BootClock) (crashes int, err error) {
	var s starts
	if err = readChecked(m.startsFile(), &s); errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	if b.ID == "" {
		return 0, err
	}
	now := b.Now()
	if s.Boot != b.ID {
		s = starts{Boot: b.ID}
	}
	s.At = slices.DeleteFunc(s.At, func(at time.Duration) bool { return at > now || now-at > crashWindow })
	crashes = len(s.At)
	s.At = append(s.At, now)
	return crashes, errors.Join(err, WriteChecked(m.startsFile(), s))
}

// Ended forgets all starts: who ends the agent in order has it in hand.
func (m *Folder) Ended() error {
	err := os.Remove(m.startsFile())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// CrashLocked is how long a zone's outputs stay off after so many crashes.
func CrashLocked(z config.Zone, crashes int) time.Duration {
	if crashes < crashesToLock || !plant.Of(z.Plant).Compressor {
		return 0
	}
	return max(z.Params.MinOff, crashLock)
}

// LockOut keeps a zone's outputs off and tells so until the time is served.
func LockOut(z *controlloop.Zone, crashes int, lasts time.Duration) {
	if lasts == 0 {
		return
	}
	z.Past.Locked = lasts
	z.Alarms.Set(controlloop.FaultCrashLoop, true, fmt.Sprintf(
		"the last %d starts within %v did not end in order: the compressor stays off for %v; an orderly restart ends that, too", crashes, crashWindow, lasts))
	time.AfterFunc(lasts, func() { z.Alarms.Set(controlloop.FaultCrashLoop, false, "") })
}
