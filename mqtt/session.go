// Package mqtt is the agent's session with its broker: it publishes what the
// zones do, announces them, and hands the controls that come to each zone's
// arbiter. What it needs stands in the rooms below it.
package mqtt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"thermostat/controlloop"
	"thermostat/mqtt/broker"
	"thermostat/mqtt/device"
	"thermostat/mqtt/homeassistant"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
)

// Options are the constants of a session.
type Options struct {
	broker.Access
	Device   string
	Instance string // the random word that was made with the memory on disk
	Zones    []setpoint.Zone
	Devices  *device.Group          // sensors and relays on the broker; nil: none
	Sources  *Sources               // of heat that zones share; nil: none
	Boilers  []homeassistant.Source // these, for Home Assistant

	SensorEvery time.Duration // slowest rate of readings; 0: each
	StateEvery  time.Duration // slowest rate of states; a change is always sent

	Discovery string                    // first part of Home Assistant's config topics; empty: nothing is announced
	Page      string                    // the page's address, for Home Assistant's link; empty: none is told
	Birth     string                    // the topic on which Home Assistant says that it is there; empty: the usual ones
	Gone      []homeassistant.Announced // what an agent of this name announced once, and is no more
	Forgotten func()                    // called once when that is removed; outside the session's goroutine

	Info        func() wire.Info                           // asked at each connection
	Save        func(zone string, m setpoint.Memory) error // keeps an accepted control; called outside the session's goroutine
	SaveProgram func(zone string, m setpoint.Memory) error // keeps an accepted program
	Answered    func(zone string, applied bool)            // called at each answer to a control, in the session's goroutine; may be nil
	NotBefore   time.Time                                  // a clock before this is not trusted
	Slept       func() time.Duration                       // how long the machine has been suspended, in all; nil: never
	Log         *slog.Logger

	Contain func(part string, f func()) // runs f and survives its panic; nil: nobody does
}

// Session is the agent's side of the broker. One goroutine, Run, owns all of
// it but the alarm broker_refused, which is set by the one that connects. It
// works on without a broker: local changes are judged, obeyed and saved. Its parts
// decide what is to be published; the session passes that on.
type Session struct {
	opts   Options
	topics wire.Topics
	zones  []*zone // in the order of the configuration
	byName map[string]*zone
	events chan func()
	done   chan struct{} // closed when Run has returned
	online atomic.Bool   // whether there is a connection, for others to see

	link       link
	out        outbox
	presence   presence
	refusals   refusals
	duplicates duplicates
	announcer  announcer
	restarter  restarter
	absence    absence
	optional   optional

	asking    []*stream   // for their topic, at the end of this event
	postponed []*zone     // whose states give way to their relays' messages
	resume    *time.Timer // when they have done so

	dirty chan *zone // have snapshots that were not looked at; room for each zone once
}

// pulse is how often due things are looked for.
const pulse = 500 * time.Millisecond

// NewSession makes a session; it does nothing before Run.
func NewSession(o Options) *Session {
	if o.Contain == nil {
		o.Contain = func(_ string, f func()) { f() }
	}
	if o.Devices != nil {
		o.Devices.Contain = o.Contain
	}
	if o.Sources == nil {
		o.Sources = &Sources{}
	}
	s := &Session{
		opts: o, topics: wire.NewTopics(o.Prefix, o.Device), byName: map[string]*zone{},
		events: make(chan func(), 64), done: make(chan struct{}), dirty: make(chan *zone, len(o.Zones)),
	}
	for _, z := range o.Zones {
		s.addZone(z)
	}
	s.resume = time.NewTimer(0)
	s.resume.Stop()
	s.out = outbox{zones: len(o.Zones), log: o.Log}
	s.refusals, s.duplicates = newRefusals(o), newDuplicates(o)
	s.refusals.missed = func(topic string) bool {
		name, rest, _ := s.topics.Parse(topic)
		z := s.byName[name]
		return z == nil || rest != "program" || z.spec.Comfort.HasProgram() // who has none needs no topic of it
	}
	s.presence = newPresence(o, s.topics, s.duplicates.process)
	s.restarter = restarter{log: o.Log}
	s.absence = absence{topics: s.topics, zones: s.zones, out: &s.out, log: o.Log}
	s.announcer = newAnnouncer(o, s.topics, s.zones, s.restarter.offered)
	s.link = s.newLink()
	return s
}

func (s *Session) addZone(spec setpoint.Zone) {
	z := &zone{
		opts: &s.opts, topics: s.topics, out: &s.out, spec: spec,
		post: s.post, postpone: s.postpone,
		subscribe:   func(st *stream) { s.asking = append(s.asking, st) },
		beforeState: func(z *zone) ([]outgoing, bool) { return s.announcer.beforeState(z) },
	}
	z.arbiter, z.program = setpoint.NewArbiters(spec, s.opts.Instance, s.opts.NotBefore)
	z.controls = stream{zone: z, topic: s.topics.Control(spec.Name), arbiter: &z.arbiter.Arbiter, save: s.opts.Save}
	z.programs = stream{zone: z, topic: s.topics.Program(spec.Name), arbiter: &z.program.Arbiter, save: s.opts.SaveProgram}
	z.goBy(z.program.Plan())
	s.zones = append(s.zones, z)
	s.byName[spec.Name] = z
}

// newLink makes the connection's side, whose goroutine hands everything to ours.
func (s *Session) newLink() link {
	o := s.opts
	return link{
		login: broker.Login{Access: o.Access, ClientID: "thermostat-" + o.Device, Will: s.topics.Status()},
		log:   o.Log, slept: o.Slept, fault: alarm{zones: o.Zones, name: controlloop.FaultBrokerRefused}, base: s.topics.Base,
		receive: s.receiveSoon,
		up:      func(client paho.Client, drop func()) { s.post(func() { s.connected(client, drop) }) },
		down:    func(client paho.Client, cause error) { s.post(func() { s.disconnected(client, cause) }) },
		left:    s.done,
	}
}

// Start is the setpoint a zone begins with: its memory's, or the configured one.
// It may be called before Run only.
func (s *Session) Start(zone string) controlloop.Setpoint { return s.byName[zone].arbiter.Active() }

// OfferRestart lets set/restart end the agent by a function, which must not
// block. It may be called before Run only, where somebody starts the agent again.
func (s *Session) OfferRestart(restart func()) { s.restarter.restart = restart }

// Observe takes a zone's snapshot. It never blocks.
func (s *Session) Observe(snap controlloop.Snapshot) {
	if z := s.byName[snap.Zone]; z.observe(snap) {
		s.dirty <- z
	}
}

// Submit takes a control that came by another way than the broker, as a
// complete statement with the same rules, and returns the answer once the zone
// obeys and the memory is saved. source names the way.
func (s *Session) Submit(ctx context.Context, name, source string, control []byte) (setpoint.Answer, error) {
	return s.ask(ctx, name, func(z *zone, reply func(setpoint.Answer)) {
		z.act(&z.controls, z.arbiter.Submit(time.Now(), source, control), reply)
	})
}

// SubmitProgram takes a program that came by another way than the broker, as [Session.Submit] does.
func (s *Session) SubmitProgram(ctx context.Context, name, source string, said []byte) (setpoint.Answer, error) {
	return s.ask(ctx, name, func(z *zone, reply func(setpoint.Answer)) {
		z.act(&z.programs, z.program.Submit(time.Now(), source, said), reply)
	})
}

// Hand does what the zone's topic set/<what> does with a text. source names the way
// by which it came.
func (s *Session) Hand(ctx context.Context, name, source, what, text string) (setpoint.Answer, error) {
	return s.ask(ctx, name, func(z *zone, reply func(setpoint.Answer)) { z.set(time.Now(), source, what, text, reply) })
}

// Away does what the topic set/away does with a text, and returns each zone's answer.
// source names the way by which it came.
func (s *Session) Away(ctx context.Context, source, text string) (setpoint.AwayAnswer, error) {
	answers := make(chan setpoint.AwayAnswer, 1)
	s.post(func() {
		s.absence.gather(time.Now(), source, text, func(a setpoint.AwayAnswer) { answers <- a })
	})
	return await(ctx, s, answers)
}

// Connected reports whether the broker is.
func (s *Session) Connected() bool { return s.online.Load() }

// ask gives a zone something to judge, and waits for the answer.
func (s *Session) ask(ctx context.Context, name string, do func(z *zone, reply func(setpoint.Answer))) (setpoint.Answer, error) {
	z := s.byName[name]
	if z == nil {
		return setpoint.Answer{}, fmt.Errorf("there is no zone %q", name)
	}
	answers := make(chan setpoint.Answer, 1)
	s.post(func() { do(z, func(a setpoint.Answer) { answers <- a }) })
	return await(ctx, s, answers)
}

// await waits for an answer of the session's.
func await[T any](ctx context.Context, s *Session, answers <-chan T) (none T, err error) {
	select {
	case a := <-answers:
		return a, nil
	case <-ctx.Done():
		return none, ctx.Err()
	case <-s.done:
		return none, errors.New("the agent is stopping")
	}
}

// post runs f in the session's goroutine, if that still runs.
func (s *Session) post(f func()) {
	select {
	case s.events <- f:
	case <-s.done:
	}
}

// Run keeps the session until the context ends, then says goodbye.
func (s *Session) Run(ctx context.Context) error {
	defer close(s.done)
	s.restarter.began = time.Now()
	dialing, stop := context.WithCancel(ctx)
	defer stop()
	if len(s.opts.Brokers) > 0 {
		go s.opts.Contain(sessionPart, func() { s.link.keepConnected(dialing) })
	}
	if !s.opts.Devices.Empty() {
		go s.opts.Devices.Run(dialing)
	}
	tick := time.NewTicker(pulse)
	defer tick.Stop()
	for {
		select {
		case f := <-s.events:
			s.step(f)
		case z := <-s.dirty:
			s.step(func() { z.takeSnapshots(time.Now()) })
		case <-s.resume.C:
			s.step(func() { s.publishPostponed(time.Now()) })
		case <-tick.C:
			s.step(func() { s.pulse(time.Now()) })
		case <-ctx.Done():
			s.opts.Contain(sessionPart, s.goodbye)
			return nil
		}
	}
}

// sessionPart is the session's name for people.
const sessionPart = "the connection to the broker"

// step does one thing. A panic costs the connection: the next one asks for
// everything and publishes everything anew.
func (s *Session) step(f func()) {
	whole := false
	s.opts.Contain(sessionPart, func() {
		f()
		s.subscribeToZones()
		whole = true
	})
	if !whole {
		s.asking = nil
		if drop := s.down(); drop != nil {
			drop()
		}
	}
}

// pulse does what is due by time.
func (s *Session) pulse(now time.Time) {
	s.duplicates.judge(now)
	for _, z := range s.zones {
		z.act(&z.controls, z.arbiter.Ended(now), nil)
	}
	if !s.out.connected() {
		return
	}
	if s.optional.due(now) {
		subscribeToAway(s) // the zones ask for their programs each minute
	}
	if s.presence.infoDue(now, s.zones) {
		s.tellInfo(now)
	}
	for _, z := range s.zones {
		z.tick(now)
	}
	s.out.publishAll(s.opts.Sources.due(now, s.topics, s.opts.StateEvery))
	s.out.judge(now)
	s.announce(s.announcer.due(now))
	if topics := s.refusals.due(now); topics != nil {
		s.subscribeOwn(topics)
	}
	if s.presence.echo.judge(now) {
		s.out.publish(s.presence.online(now))
	}
}

// tellInfo publishes the info. It does not wait for pending messages.
func (s *Session) tellInfo(now time.Time) {
	if s.opts.Info != nil && s.out.connected() {
		for _, z := range s.zones {
			z.replanned = false
		}
		s.out.publishApart(s.presence.info(now, summaryOf(s.zones)))
	}
}

// announce publishes an announcement.
func (s *Session) announce(a announcement) {
	now := time.Now()
	s.out.publishAll(a.devices)
	if a.present {
		s.out.publish(s.presence.online(now))
		s.tellInfo(now)
		s.opts.Sources.reset()
	}
	for _, z := range a.zones {
		z.publishAgain(now)
	}
	s.out.publishAll(a.removed)
	if a.forgotten && s.opts.Forgotten != nil {
		go s.opts.Contain("the memory", s.opts.Forgotten) // it writes a file
	}
}

// postpone publishes a zone's state when its relays' messages have had their head start.
func (s *Session) postpone(z *zone) {
	if z.postponed {
		return
	}
	if len(s.postponed) == 0 {
		s.resume.Reset(relayHeadStart)
	}
	z.postponed, s.postponed = true, append(s.postponed, z)
}

func (s *Session) publishPostponed(now time.Time) {
	held := s.postponed
	s.postponed = nil
	for _, z := range held {
		z.postponed = false
		z.publish(now)
	}
}

// goodbye publishes the last states and that the agent is gone.
func (s *Session) goodbye() {
	for len(s.dirty) > 0 {
		(<-s.dirty).takeSnapshots(time.Now())
	}
	if !s.out.connected() {
		return
	}
	s.out.window = window{} // the last messages wait for nothing
	s.opts.Devices.Goodbye(time.Second)
	for _, z := range s.zones {
		z.publishLast()
	}
	s.out.publishAll(s.opts.Sources.due(time.Now(), s.topics, s.opts.StateEvery))
	client := s.out.client
	s.out.publishApart(s.presence.offline()).WaitTimeout(time.Second)
	client.Disconnect(500)
	s.out.disconnect()
}
