package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"thermostat/agent/cli"
	"thermostat/agent/config"
	"thermostat/agent/config/machine"
	"thermostat/agent/state"
	"thermostat/drivers"
	"thermostat/drivers/modbus"
)

// A busy line is tried again for this long: a dying agent needs a moment to
// let go.
const (
	offPatience = 3 * time.Second
	offRetry    = 50 * time.Millisecond
	offLine     = 1500 * time.Millisecond // for a line: one of an expander is behind a bus that may hang
)

var errHung = errors.New("its bus does not answer")

// switchOff switches one off. Others do not wait for a bus that hangs; a serial line has its own times.
func switchOff(g drivers.Held, off func() error) error {
	if g.Modbus.Port != "" {
		return off()
	}
	return cli.Within(offLine, errHung, off)
}

func offCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "off", Short: "Switch every relay off and leave", Args: cli.NoFile,
		Long: "Switch every relay off and leave: those that the configuration names, and those that the last agent held.\n" +
			"It needs no sensor, no broker, and only one of the two files to be readable. Relays on a broker are told\n" +
			"last, for 2 s at most: what hears nothing more lets go after its lease.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			dirs := state.Folders(machine.This())
			if file == cli.DefaultConfig {
				dirs = append(dirs, machine.PackagedState)
			}
			relays, doubt, err := relaysToSwitchOff(cmd.ErrOrStderr(), file, dirs)
			if err != nil {
				return err
			}
			cfg, _, _ := config.Load(file) // what is wrong with it has been told
			err = allOff(cmd.Context(), cmd.OutOrStdout(), relays)
			return cmp.Or(err, remoteOff(cmd.Context(), cmd.OutOrStdout(), cfg), cli.Failed(doubt))
		},
	}
	cmd.Flags().StringVar(&file, "config", cli.DefaultConfig, "the configuration `FILE`")
	return cmd
}

// relaysToSwitchOff gathers the lines from the configuration, however broken,
// and from the state folders. If one line has two polarities the
// configuration's counts: it is the owner's newer word. One whole file is
// enough; doubt tells that neither is, so that a relay may be missing.
func relaysToSwitchOff(errs io.Writer, file string, stateDirs []string) (relays []drivers.Held, doubt, err error) {
	cfg, complaints, configErr := config.Load(file)
	if cfg.StateDir != "" {
		stateDirs = append([]string{cfg.StateDir}, stateDirs...)
	}
	if configErr == nil && slices.ContainsFunc(complaints, func(c config.Complaint) bool { return !c.Warning }) {
		configErr = fmt.Errorf("%s is damaged (thermostat check says where)", file)
	}
	relays = cfg.Relays()
	known := configErr == nil
	for _, dir := range stateDirs {
		held, err := state.ReadRelays(dir)
		if err != nil {
			doubt = errors.Join(doubt, err)
			fmt.Fprintln(errs, "thermostat: warning: what the last agent held is not known:", cli.WithCure(err))
		}
		known = known || held != nil
		relays = append(relays, others(held, relays)...)
	}
	if !known && len(relays) == 0 && len(cfg.RemoteRelays()) == 0 {
		return nil, nil, cli.Exit(cli.ExitUsage, fmt.Errorf("no relay is known, neither by the last agent nor by the configuration: %w", errors.Join(configErr, doubt)))
	}
	if configErr == nil {
		return relays, nil, nil
	}
	if !errors.Is(configErr, fs.ErrNotExist) {
		fmt.Fprintln(errs, "thermostat: warning: a relay of the configuration may be missing here:", cli.HarmlessText(configErr.Error()))
	}
	if doubt != nil {
		doubt = fmt.Errorf("a relay may be missing here, since neither file is whole: %w", errors.Join(configErr, doubt))
	}
	return relays, doubt, nil
}

// allOff switches all relays off; one that fails does not keep the others on.
func allOff(ctx context.Context, out io.Writer, relays []drivers.Held) error {
	if len(relays) == 0 {
		fmt.Fprintln(out, "no relay of this machine is configured")
		return nil
	}
	var failures []error
	for began := time.Now(); ; cli.Pause(ctx, offRetry) {
		busy := offOnce(out, relays, drivers.Held.SwitchOff)
		failures = append(failures, busy.failures...)
		if len(busy.relays) == 0 {
			return relayExit(errors.Join(failures...))
		}
		if time.Since(began) > offPatience || ctx.Err() != nil {
			return cli.Failed(errors.Join(append(busy.errs, failures...)...))
		}
		relays = busy.relays
	}
}

// stillBusy is what came of trying each relay once.
type stillBusy struct {
	relays   []drivers.Held
	errs     []error // why each of them is busy
	failures []error // of others, which trying again will not mend
}

// offOnce tries each in its order. The further relays of a board or chip that is silent come last:
// waiting for them must cost no other its time.
func offOnce(out io.Writer, relays []drivers.Held, off func(drivers.Held) error) (busy stillBusy) {
	var last []drivers.Held
	silent := map[string]bool{}
	for _, g := range relays {
		board := cmp.Or(g.Board(), g.Chip)
		if silent[board] {
			last = append(last, g)
			continue
		}
		err := switchOff(g, func() error { return off(g) })
		silent[board] = errors.Is(err, modbus.ErrSilent) || errors.Is(err, errHung)
		busy.note(out, g, err)
	}
	for _, g := range last {
		busy.note(out, g, switchOff(g, func() error { return off(g) }))
	}
	return busy
}

// note keeps what came of one try.
func (busy *stillBusy) note(out io.Writer, g drivers.Held, err error) {
	switch {
	case err == nil:
		fmt.Fprintf(out, "%v is off\n", g)
	case errors.Is(err, drivers.ErrBusy):
		busy.relays = append(busy.relays, g)
		busy.errs = append(busy.errs, relayError(g, err))
	default:
		busy.failures = append(busy.failures, relayError(g, err))
	}
}

// releaseOthers switches off what the agent before us held and we do not: it
// may have been killed while one was on. What could not be switched off is
// given back, so that off tries it again.
func releaseOthers(cfg config.Config, log *slog.Logger) (still []drivers.Held) {
	if cfg.StateDir == "" {
		return nil
	}
	before, err := state.ReadRelays(cfg.StateDir)
	if err != nil {
		log.Error("relays", "error", err)
	}
	left := others(before, cfg.Relays())
	for _, own := range sourcesFirst(cfg, left) {
		_ = switchOff(own, own.SwitchOff) // whether it can be had is said when it is opened
	}
	for _, old := range left {
		if err := switchOff(old, old.SwitchOff); err != nil {
			log.Warn("a relay of the last run is not ours any more and could not be switched off", "line", old.String(), "error", err)
			still = append(still, old)
		}
	}
	return still
}

// sourcesFirst are our own relays where one that is left may be a valve: what a source
// does, that a killed agent left on, ends before its last valve shuts.
func sourcesFirst(cfg config.Config, left []drivers.Held) []drivers.Held {
	if len(cfg.Sources) == 0 || len(left) == 0 {
		return nil
	}
	return cfg.Relays() // sources, pumps, valves
}

// leaveOff switches off what a start that failed has left: another agent may
// have been killed while one of these relays was on. What somebody else drives
// is left alone.
func leaveOff(file string, log *slog.Logger) {
	relays, _, err := relaysToSwitchOff(io.Discard, file, state.Folders(machine.This()))
	if err != nil {
		return // no relay is known; the start's own error says what is wrong
	}
	for _, g := range relays {
		if err := switchOff(g, g.SwitchOff); err != nil {
			log.Warn("a relay could not be switched off after the failed start", "line", g.String(), "error", err)
		}
	}
}

// others gives the lines that are on none of ours.
func others(all, ours []drivers.Held) []drivers.Held {
	var rest []drivers.Held
	for _, g := range all {
		if !slices.ContainsFunc(ours, func(o drivers.Held) bool { return g.SameAs(o) }) {
			rest = append(rest, g)
		}
	}
	return rest
}

// relayExit gives the exit code of what keeps a relay from being driven: the
// owner must mend a missing right or line, while a busy one may come free.
func relayExit(err error) error {
	if errors.Is(err, drivers.ErrNoPermission) || errors.Is(err, drivers.ErrNoLine) {
		return cli.Exit(cli.ExitUsage, err)
	}
	return cli.Failed(err)
}

// relayError names the relay.
func relayError(g drivers.Held, err error) error { return fmt.Errorf("relay %v: %w", g, err) }
