package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"thermostat/agent/cli"
	"thermostat/agent/config"
	"thermostat/agent/config/machine"
	"thermostat/agent/service"
	"thermostat/agent/state"
	"thermostat/controlloop"
	"thermostat/drivers"
)

func runCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "run", Short: "Run the agent", Args: cli.NoFile,
		RunE: func(cmd *cobra.Command, _ []string) error { return runFile(cmd, file) },
	}
	cmd.Flags().StringVar(&file, "config", cli.DefaultConfig, "the configuration `FILE`")
	return cmd
}

func runFile(cmd *cobra.Command, file string) error {
	signal.Ignore(syscall.SIGPIPE) // a log that nobody reads any more ends no agent
	m := service.Mending{File: file, Seen: service.Fingerprint(file)}
	cfg, err := config.LoadOrExit(cmd, file)
	if err != nil {
		leaveOff(file, slog.Default())
		leaveRemoteOff(cmd.Context(), file, slog.Default())
		m.Limit = service.MendConfig
		return m.Await(cmd, err)
	}
	if err := state.Adopt(machine.This(), cfg, slog.Default()); err != nil {
		slog.Warn("memory", "error", err)
	}
	for _, line := range service.Tellings(cfg) {
		slog.Warn(line)
	}
	a, err := newAgent(cfg, slog.Default(), nil)
	if err != nil {
		leaveOff(file, slog.Default())
		if !errors.Is(err, drivers.ErrBusy) { // else another agent lives, and relays on the broker are its
			leaveRemoteOff(cmd.Context(), file, slog.Default())
		}
		m.Limit = service.MendRelay
		return m.Await(cmd, relayExit(err))
	}
	if len(cfg.Zones) > service.FewZones {
		debug.FreeOSMemory() // reading a long configuration leaves many times its size behind
	} else {
		onOneProcessor(os.Getenv)
	}
	if err := a.notify(os.Getenv); err != nil {
		slog.Warn("the service manager cannot be told", "error", err)
	}
	return cli.Failed(a.run(cmd.Context()))
}

// onOneProcessor fits Go's scheduler to a house, whose agent hardly ever has two
// things to do: a hand-over between goroutines wakes no other processor. With figures
// in bench/README.md. Whoever sets Go's own variable is obeyed.
func onOneProcessor(getenv func(string) string) {
	if getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1)
	}
}

// run controls until the context ends, then leaves in order: relays off, the
// last states and the farewell published, devices closed.
func (a *agent) run(ctx context.Context) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	if len(a.zones) == 0 {
		a.log.Warn("no zones: run thermostat probe")
	}
	starts := make([]controlloop.Setpoint, len(a.zones)) // asked before the session runs
	for i, z := range a.zones {
		starts[i] = a.session.Start(z.Name)
	}
	sessionCtx, endSession := context.WithCancel(context.Background())
	defer endSession()
	ended := make(chan error, 1)
	go func() { ended <- a.session.Run(sessionCtx) }()

	endSavers, endSourceSavers, endPage := a.zones.keep(&a.contain), a.sources.Save(a.contain.run), a.serve()
	if a.beat != nil {
		go a.beat.Run(ctx)
	}
	go a.wakeZones(ctx)
	allOff := a.startHeat(ctx, starts)
	panicOnSignal()
	restart := a.wait(ctx)
	end()
	off := allOff()
	endSession()
	err := errors.Join(off, <-ended, a.close())
	state.Await(saversEnd, append(endSavers(), endSourceSavers()...))
	endPage()
	if a.beat != nil {
		<-a.beat.Done
	}
	if err == nil && a.ended != nil {
		err = a.ended()
	}
	if err == nil {
		a.log.Info("stopped: every relay is off")
		err = restart
	}
	return err
}

// startHeat begins the sources and the zones, which run until the context ends. The
// function that it gives waits until all relays are off: sources, pumps, then valves.
func (a *agent) startHeat(ctx context.Context, starts []controlloop.Setpoint) (wait func() error) {
	sourcesOff := a.sources.Start(ctx)
	zonesCtx, endZones := context.WithCancel(context.WithoutCancel(ctx))
	errs := make([]error, len(a.zones))
	var running sync.WaitGroup
	for i, z := range a.zones {
		running.Go(func() {
			a.holdBack(ctx, i)
			z.log.Info("zone starts", service.SetpointFields(starts[i])...)
			errs[i] = z.loop.Run(zonesCtx, starts[i])
		})
	}
	return func() error {
		err := cli.Within(sourcesEnd, errors.New("a source does not end"), sourcesOff)
		endZones()
		running.Wait()
		return errors.Join(append(errs, err)...)
	}
}

// sourcesEnd is how long the zones wait for the sources to be off. They end without one
// that hangs, too: a heater of its own must not stay on for it.
const sourcesEnd = 2 * time.Second

// holdBack spreads the starts of many zones over a sample of theirs, or all
// their ticks would fall together for ever. Their relays are off meanwhile. The
// service manager waits for all of them, and no longer than the unit's TimeoutStartSec.
func (a *agent) holdBack(ctx context.Context, i int) {
	if n := len(a.zones); n > service.FewZones {
		cli.Pause(ctx, min(a.zones[i].Params.Sample, 30*time.Second)*time.Duration(i)/time.Duration(n))
	}
}

// wakeZones has every zone decide anew soon after a suspend.
func (a *agent) wakeZones(ctx context.Context) {
	tick := time.NewTicker(napLook)
	defer tick.Stop()
	for before := a.sleep.Total(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		slept := a.sleep.Total()
		if slept == before {
			continue
		}
		a.log.Warn("the machine was suspended: readings of before are old, and every relay that was on goes off and rests", "for", (slept - before).Round(time.Second))
		before = slept
		for _, z := range a.zones {
			z.loop.Woken.Put(struct{}{})
		}
	}
}

// napLook is how often a suspend is looked for.
const napLook = time.Second

// errRestart is what an agent ends with that was asked to restart: in order, and
// with an exit code that makes every kind of service manager start it again.
var errRestart = errors.New("ended in order, to be started again: somebody on the broker asked for it")

// askRestart never blocks.
func (a *agent) askRestart() {
	select {
	case a.restarts <- errRestart:
	default: // it is on its way
	}
}

// wait waits for the end, and gives an error if that is a restart.
func (a *agent) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-a.restarts:
		return err
	}
}
