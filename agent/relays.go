package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"thermostat/drivers"
)

// relays gives every GPIO relay that a configuration names, in its order.
func (c Config) relays() []drivers.GPIO {
	var all []drivers.GPIO
	for _, z := range c.Zones {
		for _, r := range []*drivers.RelaySpec{z.Devices.Heater, z.Devices.Cooler} {
			if r != nil && r.Driver == "gpio" && r.GPIO.Line != "" {
				all = append(all, r.GPIO)
			}
		}
	}
	return all
}

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

// hold writes down the lines that the agent holds, which are off still. Those
// of an agent before it, that are not ours any more, are switched off first:
// it may have been killed while one was on.
func (m *memory) hold(ours []drivers.GPIO, log *slog.Logger) error {
	before, err := readRelays(m.dir)
	if err != nil {
		log.Error("relays", "error", err)
	}
	held := slices.Clone(ours)
	for _, old := range others(before, ours) {
		if err := switchOff(old); err != nil {
			log.Warn("a relay of the last run is not ours any more and could not be switched off", "line", old.String(), "error", err)
			held = append(held, old) // so that off tries it again
		}
	}
	if slices.Equal(held, before) {
		return nil
	}
	return writeChecked(relaysFile(m.dir), held)
}

// others gives the lines that are on none of ours.
func others(all, ours []drivers.GPIO) []drivers.GPIO {
	var rest []drivers.GPIO
	for _, g := range all {
		if !slices.ContainsFunc(ours, g.SameLine) {
			rest = append(rest, g)
		}
	}
	return rest
}

// switchOff drives a relay off and gives its line back.
func switchOff(g drivers.GPIO) error {
	relay, err := drivers.NewHardware("/").OpenRelay(g)
	if err != nil {
		return err
	}
	return relay.Close()
}

// relayExit gives the exit code of what keeps a relay from being driven: the
// owner must mend a missing right or line, while a busy one may come free.
func relayExit(err error) error {
	if errors.Is(err, drivers.ErrNoPermission) || errors.Is(err, drivers.ErrNoLine) {
		return &exitError{exitUsage, err}
	}
	return failed(err)
}

// relayError names the relay.
func relayError(g drivers.GPIO, err error) error { return fmt.Errorf("relay %v: %w", g, err) }
