package main

import (
	"errors"
	"fmt"
	"io"
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
		for _, r := range []*drivers.RelaySpec{z.Devices.Heater, z.Devices.Cooler, z.Devices.Safety} {
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

// releaseOthers switches off what the agent before us held and we do not: it
// may have been killed while one was on. What could not be switched off is
// given back, so that off tries it again.
func releaseOthers(cfg Config, log *slog.Logger) (still []drivers.GPIO) {
	if cfg.StateDir == "" {
		return nil
	}
	before, err := readRelays(cfg.StateDir)
	if err != nil {
		log.Error("relays", "error", err)
	}
	for _, old := range others(before, cfg.relays()) {
		if err := switchOff(old); err != nil {
			log.Warn("a relay of the last run is not ours any more and could not be switched off", "line", old.String(), "error", err)
			still = append(still, old)
		}
	}
	return still
}

// leaveOff switches off what a start that failed has left: another agent may
// have been killed while one of these relays was on. What somebody else drives
// is left alone.
func leaveOff(file string, log *slog.Logger) {
	relays, _, err := relaysToSwitchOff(io.Discard, file, thisMachine().stateDirs())
	if err != nil {
		return // no relay is known; the start's own error says what is wrong
	}
	for _, g := range relays {
		if err := switchOff(g); err != nil {
			log.Warn("a relay could not be switched off after the failed start", "line", g.String(), "error", err)
		}
	}
}

// hold writes down the lines that the agent holds; none has been on yet.
func (m *memory) hold(lines []drivers.GPIO) error {
	if before, err := readRelays(m.dir); err == nil && slices.Equal(lines, before) {
		return nil
	}
	return writeChecked(relaysFile(m.dir), lines)
}

// others gives the lines that are on none of ours.
func others(all, ours []drivers.GPIO) []drivers.GPIO {
	var rest []drivers.GPIO
	for _, g := range all {
		if !slices.ContainsFunc(ours, func(o drivers.GPIO) bool { return drivers.SameLine("/", g, o) }) {
			rest = append(rest, g)
		}
	}
	return rest
}

// switchOff drives a relay off and gives its line back.
func switchOff(g drivers.GPIO) error {
	relay, err := drivers.OpenRelay(g)
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
