package state

import (
	"errors"
	"os"
	"path/filepath"

	"thermostat/drivers"
)

// RelaysFile tells `thermostat off` which lines an agent held, whatever the
// configuration says by then.
func RelaysFile(stateDir string) string { return filepath.Join(stateDir, "relays") }

// ReadRelays gives the lines that an agent held; none if there was no agent.
func ReadRelays(stateDir string) ([]drivers.Held, error) {
	var held []drivers.Held
	err := readChecked(RelaysFile(stateDir), &held)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return held, err
}
