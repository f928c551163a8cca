package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"thermostat/controlloop"
	"thermostat/drivers"
	"thermostat/mqtt"
	"thermostat/status"
)

func runCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "run", Short: "Run the agent", Args: noFile,
		RunE: func(cmd *cobra.Command, _ []string) error { return runFile(cmd, file) },
	}
	cmd.Flags().StringVar(&file, "config", defaultConfig, "the configuration `FILE`")
	return cmd
}

func runFile(cmd *cobra.Command, file string) error {
	m := mending{file: file, seen: fingerprint(file)}
	cfg, err := configOrExit(cmd, file)
	if err != nil {
		leaveOff(file, slog.Default())
		leaveRemoteOff(cmd.Context(), file, slog.Default())
		m.limit = mendConfig
		return m.await(cmd, err)
	}
	if err := thisMachine().adoptState(cfg, slog.Default()); err != nil {
		slog.Warn("memory", "error", err)
	}
	for _, line := range tellings(cfg) {
		slog.Warn(line)
	}
	a, err := newAgent(cfg, slog.Default(), nil)
	if err != nil {
		leaveOff(file, slog.Default())
		m.limit = mendRelay
		return m.await(cmd, relayExit(err))
	}
	if len(cfg.Zones) > fewZones {
		debug.FreeOSMemory() // reading a long configuration leaves many times its size behind
	} else {
		beModest(os.Getenv)
	}
	if err := a.notify(os.Getenv); err != nil {
		slog.Warn("the service manager cannot be told", "error", err)
	}
	return failed(a.run(cmd.Context()))
}

// beModest fits Go's scheduler and collector to a house, whose agent hardly ever
// has two things to do: on one processor a hand-over between goroutines wakes no
// other, and a heap of a megabyte is collected before it is four. With figures in
// bench/README.md. Whoever sets Go's own variables is obeyed.
func beModest(getenv func(string) string) {
	if getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1)
	}
	if getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
}

// configOrExit reads a configuration, prints every complaint, and fails with
// exit code 2 if one of them is an error.
func configOrExit(cmd *cobra.Command, file string) (Config, error) {
	cfg, complaints, err := LoadConfig(file)
	if err != nil {
		return cfg, &exitError{exitUsage, err}
	}
	if printComplaints(cmd.ErrOrStderr(), complaints) {
		return cfg, &exitError{exitUsage, nil}
	}
	return cfg, nil
}

// agent is the wired program: zones, their devices, the session, the memory.
type agent struct {
	cfg      Config
	log      *slog.Logger
	zones    []*controlloop.Zone
	devices  map[string]drivers.Devices
	remote   *mqtt.Devices // those of them that are on the broker
	session  *mqtt.Session
	page     *status.Server             // nil: there is none
	listener net.Listener               // of the page, opened already; nil: to be opened
	held     []drivers.GPIO             // every line that off must switch off if we die
	letsGo   *bool                      // whether the kernel lets go of relays after a crash; nil: not known
	beat     *heartbeat                 // nil where no service manager listens
	also     func(controlloop.Snapshot) // a further observer; may be nil
	contain  containment                // of what drives no relay
	alarms   map[string]*memoryAlarm    // by zone
	keepers  map[string]*keeper         // by zone; none without a state folder
	counters map[string]*counters       // by zone
	sleep    *sleepClock                // how long the machine was suspended
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
func newAgent(cfg Config, log *slog.Logger, also func(controlloop.Snapshot)) (*agent, error) {
	a := &agent{
		cfg: cfg, log: log, also: also, devices: map[string]drivers.Devices{},
		alarms: map[string]*memoryAlarm{}, keepers: map[string]*keeper{}, counters: map[string]*counters{},
		sleep:    &sleepClock{ahead: bootAhead},
		restarts: make(chan error, 1),
	}
	a.held = append(cfg.relays(), releaseOthers(cfg, log)...)
	hardware := drivers.NewHardware("/")
	hardware.Tell = func(text string) { log.Warn(text) }
	a.remote = mqtt.NewDevices(log)
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
	relays := a.cfg.relays()
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

func (a *agent) newZone(z ZoneConfig, d drivers.Devices) *controlloop.Zone {
	journal := &zoneJournal{log: a.log.With("zone", z.Name)}
	alarms := controlloop.NewAlarms()
	a.alarms[z.Name] = newMemoryAlarm(alarms)
	a.counters[z.Name] = newCounters(nil)
	return &controlloop.Zone{
		Name: z.Name, SensorID: z.SensorID, Params: z.Params,
		Sensor: d.Sensor, Fallbacks: d.Fallbacks, Heater: d.Heater, Cooler: d.Cooler, Safety: d.Safety,
		Clears:    controlloop.NewLatest[struct{}](),
		Setpoints: controlloop.NewLatest[controlloop.Setpoint](),
		Slept:     a.sleep.total,
		Woken:     controlloop.NewLatest[struct{}](),
		Alarms:    alarms,
		Observe: func(s controlloop.Snapshot) {
			s.Wear = a.counters[z.Name].saw(s)
			a.session.Observe(s)
			a.keepers[z.Name].saw(s)
			a.beat.saw(s)
			journal.saw(s)
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
		Access: a.cfg.MQTT.Access, Device: a.cfg.Device, Instance: newInstance(), Discovery: a.cfg.MQTT.DiscoveryPrefix, Birth: a.cfg.MQTT.BirthTopic,
		SensorEvery: a.cfg.MQTT.SensorEvery, StateEvery: a.cfg.MQTT.StateEvery,
		NotBefore: b.notBefore(), Log: a.log, Devices: a.remote, Contain: a.contain.run, Slept: a.sleep.total,
		Answered: func(zone string, applied bool) { a.counters[zone].answered(applied) },
	}
	for i, z := range a.cfg.Zones {
		o.Zones = append(o.Zones, mqtt.Zone{
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
	mem, err := openMemory(a.cfg.StateDir)
	if err != nil {
		a.forgetful(keptSetpoint, err)
		o.Save = func(string, mqtt.Memory) error { return err } // the fault stands until a restart
		return
	}
	damaged := false
	for i, z := range a.zones {
		if o.Zones[i].Memory, err = mem.load(z.Name); err != nil {
			damaged = true
			a.memoryFault(z.Name, keptSetpoint, err)
		}
	}
	a.recall(mem, thisBoot())
	if o.Instance, err = mem.instance(damaged); err != nil {
		a.forgetful(keptInstance, err)
	}
	o.Save = a.saver(mem)
	rememberAnnounced(mem, o, a.log)
	if err := mem.hold(a.held); err != nil {
		a.forgetful(keptRelays, err)
	}
}

// recall gives the zones their past, and each a keeper for what comes.
func (a *agent) recall(mem *memory, boot bootClock) {
	for _, z := range a.zones {
		kept, err := mem.loadPast(z.Name)
		if err != nil { // it is written anew at the start, so this is no lasting fault
			a.log.Warn("the last switches are not known: all of min_off and changeover is served", "zone", z.Name, "error", err)
		}
		z.Past = kept.past(boot)
		a.counters[z.Name] = newCounters(kept.Counters)
		a.keepers[z.Name] = newKeeper(mem.pastFile(z.Name), mem.pens, boot, a.counters[z.Name])
	}
	crashes, err := mem.started(boot)
	if err != nil {
		a.log.Warn("a crash loop cannot be told", "error", err)
	}
	for i, z := range a.zones {
		lockOut(z, crashes, crashLocked(a.cfg.Zones[i], crashes))
	}
	a.ended = mem.ended
}

func (a *agent) saver(mem *memory) func(string, mqtt.Memory) error {
	return func(zone string, m mqtt.Memory) error {
		err := mem.save(zone, m)
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
	if a.alarms[zone].tell(what, err) {
		a.log.Error("memory", "zone", zone, "error", err)
	}
}

// keep starts the keepers. The function that it gives ends them, once the
// zones have said their last.
func (a *agent) keep() (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	for zone, k := range a.keepers {
		go a.contain.run("the memory", func() {
			k.run(ctx, func(err error) { a.memoryFault(zone, keptSwitches, err) })
		})
	}
	return func() {
		for _, k := range a.keepers { // the zones have ended: theirs is ours
			k.handOver()
		}
		cancel()
		late := time.After(keepersEnd)
		for _, k := range a.keepers {
			select {
			case <-k.done:
			case <-late:
				return
			}
		}
	}
}

// keepersEnd is how long the end waits for a slow card, within the unit's
// TimeoutStopSec: the relays are off.
const keepersEnd = 3 * time.Second

func (a *agent) info(b build, instance string) func() mqtt.Info {
	started := time.Now().UTC().Truncate(time.Millisecond) // of two agents of one name the first keeps it: seconds would often be the same
	zones := map[string]mqtt.ZoneInfo{}
	for _, z := range a.cfg.Zones {
		zones[z.Name] = mqtt.ZoneInfo{SensorID: z.SensorID, Plant: z.Plant, Default: mqtt.DefaultOf(z.Default)}
	}
	return func() mqtt.Info {
		return mqtt.Info{
			Version: b.version, Instance: instance, Zones: zones,
			ConfigSHA256: a.cfg.SHA256, StartedAt: started, ClockSynced: clockSynced(),
			Failsafe: a.letsGo,
		}
	}
}

// notify tells the service manager of the zones from now on, if one listens.
func (a *agent) notify(getenv func(string) string) error {
	n, err := newNotifier(getenv)
	if n != nil {
		a.beat = newHeartbeat(a.zones, watchdogTime(getenv), a.log, n.send)
		a.session.OfferRestart(a.askRestart)
	}
	return err
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

	endKeepers, endPage := a.keep(), a.serve()
	if a.beat != nil {
		go a.beat.run(ctx)
	}
	go a.wakeZones(ctx)
	errs := make([]error, len(a.zones))
	var running sync.WaitGroup
	for i, z := range a.zones {
		start := starts[i]
		running.Go(func() {
			a.holdBack(ctx, i)
			a.log.With("zone", z.Name).Info("zone starts", setpointWords(start)...)
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
		<-a.beat.done
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
	if n := len(a.zones); n > fewZones {
		pause(ctx, a.zones[i].Params.Sample*time.Duration(i)/time.Duration(n))
	}
}

func (a *agent) close() error {
	var err error
	for _, d := range a.devices {
		err = errors.Join(err, d.Close())
	}
	return err
}
