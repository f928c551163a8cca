package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"

	"thermostat/drivers"
)

// relaysFile tells `thermostat off` which lines an agent held, whatever the
// configuration says by then.
func relaysFile(stateDir string) string { return filepath.Join(stateDir, "relays") }

// readRelays gives the lines that an agent held; none if there was no agent.
func readRelays(stateDir string) ([]drivers.GPIO, error) {
	var held []drivers.GPIO
	err := readChecked(relaysFile(stateDir), &held)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return held, err
}

// hold writes down the lines that the agent holds; none has been on yet.
func (m *memory) hold(lines []drivers.GPIO) error {
	if before, err := readRelays(m.dir); err == nil && slices.Equal(lines, before) {
		return nil
	}
	return writeChecked(relaysFile(m.dir), lines)
}
