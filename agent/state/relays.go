package state

import (
	"errors"
	"os"
	"path/filepath"
	"slices"

	"thermostat/drivers"
)

// RelaysFile tells `thermostat off` which lines an agent held, whatever the
// configuration says by then.
func RelaysFile(stateDir string) string { return filepath.Join(stateDir, "relays") }

// ReadRelays gives the lines that an agent held; none if there was no agent.
func ReadRelays(stateDir string) ([]drivers.GPIO, error) {
	var held []drivers.GPIO
	err := readChecked(RelaysFile(stateDir), &held)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return held, err
}

// Hold writes down the lines that the agent holds; none has been on yet.
func (m *Folder) Hold(lines []drivers.GPIO) error {
	if before, err := ReadRelays(m.Dir); err == nil && slices.Equal(lines, before) {
		return nil
	}
	return WriteChecked(RelaysFile(m.Dir), lines)
}
