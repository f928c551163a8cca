package state

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"time"

	"thermostat/controlloop"
)

// KeptSource is what is kept of a source: sources/NAME.past.
type KeptSource struct {
	Boot   string               `json:"boot"`
	Relay  *KeptOutput          `json:"relay"`           // null: it has not been on or off yet
	Moved  map[string]time.Time `json:"moved,omitempty"` // of any boot: when each zone's valve last moved, by the wall clock; the pump has the name ""
	Cycles uint64               `json:"cycles"`          // of any boot: how often it went on
	On     time.Duration        `json:"on"`              // ns, of any boot
}

// Copy shares nothing with what is kept.
func (k KeptSource) Copy() KeptSource {
	k.Moved = maps.Clone(k.Moved)
	return k
}

// Past gives what may be taken as known of the source's relay now.
func (k KeptSource) Past(b BootClock) controlloop.PastOutput {
	if b.ID == "" || k.Boot != b.ID {
		return controlloop.PastOutput{}
	}
	return k.Relay.past(b.Now())
}

// SourceFile is where a source's last switches are kept.
func SourceFile(m *Folder, name string) string { return filepath.Join(m.Dir, "sources", name+".past") }

// LoadSource reads what is kept of a source. One without a file, or with a damaged one, has no past.
func LoadSource(m *Folder, name string) (kept KeptSource, err error) {
	if err := os.MkdirAll(filepath.Join(m.Dir, "sources"), 0o700); err != nil {
		return KeptSource{}, err
	}
	err = readChecked(SourceFile(m, name), &kept)
	if errors.Is(err, os.ErrNotExist) {
		return KeptSource{}, nil
	}
	if err != nil {
		return KeptSource{}, err
	}
	return kept, nil
}
