package state

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"thermostat/mqtt/homeassistant"
)

// announced is what Home Assistant and the broker were told of and have not
// been told to forget: state_dir/announced. It counts for one base of topics:
// under another name somebody else may live there by now.
type announced struct {
	Base    string                    `json:"base"` // <prefix>/<device>
	Devices []homeassistant.Announced `json:"devices"`
}

// maxGone bounds what is remembered only to be taken back.
const maxGone = 100

func (m *Folder) announcedFile() string { return filepath.Join(m.Dir, "announced") }

// Announce notes what this agent announces, before it does so, and gives what
// an agent before it announced and this one does not.
func (m *Folder) Announce(base string, ours []homeassistant.Announced) (gone []homeassistant.Announced, err error) {
	var before announced
	err = readChecked(m.announcedFile(), &before)
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	if before.Base == base {
		gone = slices.DeleteFunc(slices.Clone(before.Devices), func(d homeassistant.Announced) bool { return slices.Contains(ours, d) })
	}
	gone = gone[max(0, len(gone)-maxGone):]
	now := announced{base, append(gone[:len(gone):len(gone)], ours...)}
	if reflect.DeepEqual(now, before) {
		return gone, err
	}
	return gone, errors.Join(err, WriteChecked(m.announcedFile(), now))
}

// AnnouncedOnly notes that nothing but ours is announced any more.
func (m *Folder) AnnouncedOnly(base string, ours []homeassistant.Announced) error {
	return WriteChecked(m.announcedFile(), announced{base, ours})
}
