package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"thermostat/agent/cli"
	"thermostat/agent/config"
	"thermostat/agent/service"
	"thermostat/agent/state"
	"thermostat/controlloop"
	"thermostat/drivers"
	"thermostat/mqtt"
	"thermostat/mqtt/device"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
	"thermostat/status"
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
	m := service.Mending{File: file, Seen: service.Fingerprint(file)}
	cfg, err := config.LoadOrExit(cmd, file)
	if err != nil {
		leaveOff(file, slog.Default())
		leaveRemoteOff(cmd.Context(), file, slog.Default())
		m.Limit = service.MendConfig
		return m.Await(cmd, err)
	}
	if err := state.Adopt(config.ThisMachine(), cfg, slog.Default()); err != nil {
		slog.Warn("memory", "error", err)
	}
	for _, line := range tellings(cfg) {
		slog.Warn(line)
	}
	a, err := newAgent(cfg, slog.Default(), nil)
	if err != nil {
		leaveOff(file, slog.Default())
		m.Limit = service.MendRelay
		return m.Await(cmd, relayExit(err))
	}
	if len(cfg.Zones) > service.FewZones {
		debug.FreeOSMemory() // reading a long configuration leaves many times its size behind
	}
	if err := a.notify(os.Getenv); err != nil {
		slog.Warn("the service manager cannot be told", "error", err)
	}
	return cli.Failed(a.run(cmd.Context()))
}

// agent is the wired program: zones, their devices, the session, the memory.
type agent struct {
	cfg      config.Config
	log      *slog.Logger
	zones    []*controlloop.Zone
	devices  map[string]drivers.Devices
	remote   *device.Group // those of them that are on the broker
	session  *mqtt.Session
	page     *status.Server             // nil: there is none
	listener net.Listener               // of the page, opened already; nil: to be opened
	held     []drivers.GPIO             // every line that off must switch off if we die
	letsGo   *bool                      // whether the kernel lets go of relays after a crash; nil: not known
	beat     *service.Heartbeat         // nil where no service manager listens
	also     func(controlloop.Snapshot) // a further observer; may be nil
	contain  containment                // of what drives no relay
	alarms   map[string]*state.Alarm    // by zone
	keepers  map[string]*state.Saver    // by zone; none without a state folder
	counters map[string]*state.Counters // by zone
	sleep    *service.SleepClock        // how long the machine was suspended
	restarts chan error                 // ends run, which then gives this error
	ended    func() error               // notes an orderly end; nil without a state folder
}

// What the state folder keeps of a zone, as its fault memory calls it.
const (
	keptSetpoint = "the setpoint"
	keptSwitches = "the last switches and the counters"
	keptInstance = "the name of this installation"
	keptRelays   = "the list of relays that `thermostat off` reads"
)

// newAgent opens everything that a configuration names. A state folder that
// cannot be used is a fault, not an end: the zones run without memory.
func newAgent(cfg config.Config, log *slog.Logger, also func(controlloop.Snapshot)) (*agent, error) {
	a := &agent{
		cfg: cfg, log: log, also: also, devices: map[string]drivers.Devices{},
		alarms: map[string]*state.Alarm{}, keepers: map[string]*state.Saver{}, counters: map[string]*state.Counters{},
		sleep:    &service.SleepClock{Ahead: service.BootAhead},
		restarts: make(chan error, 1),
	}
	a.held = append(cfg.Relays(), releaseOthers(cfg, log)...)
	hardware := drivers.NewHardware("/")
	hardware.Tell = func(text string) { log.Warn(text) }
	a.remote = device.NewGroup(log)
	hardware.Remote = remoteDevices{a.remote}
	for _, z := range cfg.Zones {
		d, err := hardware.Open(z.Devices)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("zone %s: %w", z.Name, err), a.close())
		}
		a.devices[z.Name] = d
		a.zones = append(a.zones, a.newZone(z, d))
	}
	a.letsGo = a.failsafe(hardware)
	a.contain = containment{log, a.zones}
	a.session = mqtt.NewSession(a.sessionOptions())
	a.page = a.newPage()
	return a, nil
}

// failsafe reports whether the kernel lets go of the relays when the agent
// dies; nil where that is not known of each, or nothing hangs on it.
func (a *agent) failsafe(h *drivers.Hardware) *bool {
	relays := a.cfg.Relays()
	if len(relays) == 0 {
		return nil
	}
	keeps, known := h.KeepsOutputs()
	if !known || !keeps && slices.ContainsFunc(relays, func(g drivers.GPIO) bool { return !h.OnHeader(g) }) {
		a.log.Warn("whether a relay stays on after the agent was killed is not known of this kernel and chip, so only thermostat off ends that: run the agent as a service, which runs it after every end")
		return nil
	}
	if keeps {
		a.log.Warn("the kernel keeps GPIO outputs when a program dies, so a killed agent leaves a relay on until thermostat off runs: add dtparam=strict_gpiod to config.txt")
	}
	letsGo := !keeps
	return &letsGo
}

func (a *agent) newZone(z config.Zone, d drivers.Devices) *controlloop.Zone {
	journal := &service.Journal{Log: a.log.With("zone", z.Name)}
	alarms := controlloop.NewAlarms()
	a.alarms[z.Name] = state.NewAlarm(alarms)
	a.counters[z.Name] = state.NewCounters(nil)
	return &controlloop.Zone{
		Name: z.Name, SensorID: z.SensorID, Params: z.Params,
		Sensor: d.Sensor, Fallbacks: d.Fallbacks, Heater: d.Heater, Cooler: d.Cooler, Safety: d.Safety,
		Clears:    controlloop.NewLatest[struct{}](),
		Setpoints: controlloop.NewLatest[controlloop.Setpoint](),
		Slept:     a.sleep.Total,
		Woken:     controlloop.NewLatest[struct{}](),
		Alarms:    alarms,
		Observe: func(s controlloop.Snapshot) {
			s.Wear = a.counters[z.Name].Saw(s)
			a.session.Observe(s)
			a.keepers[z.Name].Saw(s)
			a.beat.Saw(s)
			journal.Saw(s)
			a.page.Saw(s)
			if a.also != nil {
				a.also(s)
			}
		},
	}
}

func (a *agent) sessionOptions() mqtt.Options {
	b := thisBuild()
	o := mqtt.Options{
		Access: a.cfg.MQTT.Access, Device: a.cfg.Device, Instance: state.NewInstance(), Discovery: a.cfg.MQTT.DiscoveryPrefix, Birth: a.cfg.MQTT.BirthTopic,
		SensorEvery: a.cfg.MQTT.SensorEvery, StateEvery: a.cfg.MQTT.StateEvery,
		NotBefore: b.notBefore(), Log: a.log, Devices: a.remote, Contain: a.contain.run, Slept: a.sleep.Total,
		Answered: func(zone string, applied bool) { a.counters[zone].Answered(applied) },
	}
	for i, z := range a.cfg.Zones {
		o.Zones = append(o.Zones, setpoint.Zone{
			Name: z.Name, SensorID: z.SensorID, Params: z.Params, Default: z.Default, Humidity: z.Devices.MeasuresHumidity(),
			Setpoints: a.zones[i].Setpoints, Clears: a.zones[i].Clears, Alarms: a.zones[i].Alarms,
		})
	}
	if a.cfg.StateDir != "" {
		a.remember(&o)
	}
	o.Info = a.info(b, o.Instance)
	return o
}

// remember fills in what the state folder keeps, and how it is written.
func (a *agent) remember(o *mqtt.Options) {
	mem, err := state.Open(a.cfg.StateDir)
	if err != nil {
		a.forgetful(keptSetpoint, err)
		o.Save = func(string, setpoint.Memory) error { return err } // the fault stands until a restart
		return
	}
	damaged := false
	for i, z := range a.zones {
		if o.Zones[i].Memory, err = mem.Load(z.Name); err != nil {
			damaged = true
			a.memoryFault(z.Name, keptSetpoint, err)
		}
	}
	a.recall(mem, state.ThisBoot())
	if o.Instance, err = mem.Instance(damaged); err != nil {
		a.forgetful(keptInstance, err)
	}
	o.Save = a.saver(mem)
	rememberAnnounced(mem, o, a.log)
	if err := mem.Hold(a.held); err != nil {
		a.forgetful(keptRelays, err)
	}
}

// Recall gives the zones their past, and each a keeper for what comes.
func (a *agent) recall(mem *state.Folder, boot state.BootClock) {
	for _, z := range a.zones {
		kept, err := mem.LoadPast(z.Name)
		if err != nil { // it is written anew at the start, so this is no lasting fault
			a.log.Warn("the last switches are not known: all of min_off and changeover is served", "zone", z.Name, "error", err)
		}
		z.Past = kept.Past(boot)
		a.counters[z.Name] = state.NewCounters(kept.Counters)
		a.keepers[z.Name] = state.NewSaver(mem.PastFile(z.Name), mem.Slots, boot, a.counters[z.Name])
	}
	crashes, err := mem.Started(boot)
	if err != nil {
		a.log.Warn("a crash loop cannot be told", "error", err)
	}
	for i, z := range a.zones {
		state.LockOut(z, crashes, state.CrashLocked(a.cfg.Zones[i], crashes))
	}
	a.ended = mem.Ended
}

func (a *agent) saver(mem *state.Folder) func(string, setpoint.Memory) error {
	return func(zone string, m setpoint.Memory) error {
		err := mem.Save(zone, m)
		a.memoryFault(zone, keptSetpoint, err)
		return err
	}
}

// forgetful tells every zone that something common to them cannot be kept. The
// fault stands until a restart: nothing but the start writes it.
func (a *agent) forgetful(what string, err error) {
	for _, z := range a.zones {
		a.memoryFault(z.Name, what, err)
	}
}

// memoryFault raises the fault of a zone that something cannot be kept, or
// with nil says that this can.
func (a *agent) memoryFault(zone, what string, err error) {
	if a.alarms[zone].Tell(what, err) {
		a.log.Error("memory", "zone", zone, "error", err)
	}
}

// Keep starts the keepers. The function that it gives ends them, once the
// zones have said their last.
func (a *agent) keep() (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	for zone, k := range a.keepers {
		go a.contain.run("the memory", func() {
			k.Run(ctx, func(err error) { a.memoryFault(zone, keptSwitches, err) })
		})
	}
	return func() {
		for _, k := range a.keepers { // the zones have ended: theirs is ours
			k.HandOver()
		}
		cancel()
		late := time.After(keepersEnd)
		for _, k := range a.keepers {
			select {
			case <-k.Done:
			case <-late:
				return
			}
		}
	}
}

// keepersEnd is how long the end waits for a slow card, within the unit's
// TimeoutStopSec: the relays are off.
const keepersEnd = 3 * time.Second

func (a *agent) info(b build, instance string) func() wire.Info {
	started := time.Now().UTC().Truncate(time.Millisecond) // of two agents of one name the first keeps it: seconds would often be the same
	zones := map[string]wire.ZoneInfo{}
	for _, z := range a.cfg.Zones {
		zones[z.Name] = wire.ZoneInfo{SensorID: z.SensorID, Plant: z.Plant, Default: wire.DefaultOf(z.Default)}
	}
	return func() wire.Info {
		return wire.Info{
			Version: b.version, Instance: instance, Zones: zones,
			ConfigSHA256: a.cfg.SHA256, StartedAt: started, ClockSynced: service.ClockSynced(),
			Failsafe: a.letsGo,
		}
	}
}

// notify tells the service manager of the zones from now on, if one listens.
func (a *agent) notify(getenv func(string) string) error {
	n, err := service.NewNotifier(getenv)
	if n != nil {
		a.beat = service.NewHeartbeat(a.zones, service.WatchdogTime(getenv), a.log, n.Send)
		a.session.OfferRestart(a.askRestart)
	}
	return err
}

// Run controls until the context ends, then leaves in order: relays off, the
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

	endKeepers, endPage := a.keep(), a.serve()
	if a.beat != nil {
		go a.beat.Run(ctx)
	}
	go a.wakeZones(ctx)
	errs := make([]error, len(a.zones))
	var running sync.WaitGroup
	for i, z := range a.zones {
		start := starts[i]
		running.Go(func() {
			a.holdBack(ctx, i)
			a.log.With("zone", z.Name).Info("zone starts", service.SetpointFields(start)...)
			errs[i] = z.Run(ctx, start)
		})
	}
	panicOnSignal()
	restart := a.wait(ctx)
	end()
	running.Wait()
	endSession()
	err := errors.Join(append(errs, <-ended, a.close())...)
	endKeepers()
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

// holdBack spreads the starts of many zones over a sample of theirs, or all
// their ticks would fall together for ever. Their relays are off meanwhile.
func (a *agent) holdBack(ctx context.Context, i int) {
	if n := len(a.zones); n > service.FewZones {
		cli.Pause(ctx, a.zones[i].Params.Sample*time.Duration(i)/time.Duration(n))
	}
}

func (a *agent) close() error {
	var err error
	for _, d := range a.devices {
		err = errors.Join(err, d.Close())
	}
	return err
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
			z.Woken.Put(struct{}{})
		}
	}
}

// napLook is how often a suspend is looked for.
const napLook = time.Second

// rememberAnnounced lets the session take back what is no more. Without this
// memory an old device stays in Home Assistant until somebody deletes it there.
func rememberAnnounced(mem *state.Folder, o *mqtt.Options, log *slog.Logger) {
	if len(o.Brokers) == 0 {
		return // nobody is told anything
	}
	warn := func(err error) {
		if err != nil {
			log.Warn("what was announced to Home Assistant cannot be remembered", "error", err)
		}
	}
	base, ours := o.Prefix+"/"+o.Device, o.Announces()
	var err error
	o.Gone, err = mem.Announce(base, ours)
	warn(err)
	o.Forgotten = func() { warn(mem.AnnouncedOnly(base, ours)) }
}
