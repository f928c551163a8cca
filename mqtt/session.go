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
	Instance string // the random word born with the memory on disk
	Zones    []setpoint.Zone
	Devices  *device.Group // sensors and relays on the broker; nil: none

	SensorEvery time.Duration // slowest rate of readings; 0: each
	StateEvery  time.Duration // slowest rate of states; a change is always sent

	Discovery string                    // first part of Home Assistant's config topics; empty: it is told nothing
	Birth     string                    // the topic on which Home Assistant says that it is there; empty: the usual ones
	Gone      []homeassistant.Announced // what was announced once, by an agent of this name, and is no more
	Forgotten func()                    // told once that Home Assistant and the broker have let go of it; outside the session's goroutine

	Info      func() wire.Info                           // asked at each connection
	Save      func(zone string, m setpoint.Memory) error // keeps an accepted word; called outside the session's goroutine
	Answered  func(zone string, applied bool)            // told of each answer to a control, in the session's goroutine; nil: nobody counts
	NotBefore time.Time                                  // a clock before this is not trusted
	Slept     func() time.Duration                       // how long the machine has been suspended, in all; nil: never
	Log       *slog.Logger

	Contain func(part string, f func()) // runs f and survives its panic; nil: nobody does
}

// Session is the agent's side of the broker. One goroutine, Run, owns all of
// it but the alarm broker_refused, which is set by the one that connects. It
// works on without a broker: local changes are judged, obeyed and saved.
// Its parts say what is to be told; the session only passes that on.
type Session struct {
	opts   Options
	topics wire.Topics
	zones  []*zoneSession // in the order of the configuration
	byName map[string]*zoneSession
	events chan func()
	done   chan struct{} // closed when Run has returned
	online atomic.Bool   // whether there is a connection, for others to see

	link       link
	out        outbox
	presence   presence
	refusals   refusals
	duplicates duplicates
	home       announcer
	restarter  restarter

	asking []*zoneSession // for their control topic, at the end of this event
	held   []*zoneSession // whose states give way to their relays' messages
	goOn   *time.Timer    // when they have done so

	dirty chan *zoneSession // have snapshots that were not looked at; room for each zone once
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
	s := &Session{
		opts: o, topics: wire.NewTopics(o.Prefix, o.Device), byName: map[string]*zoneSession{},
		events: make(chan func(), 64), done: make(chan struct{}), dirty: make(chan *zoneSession, len(o.Zones)),
	}
	for _, z := range o.Zones {
		s.addZone(z)
	}
	s.goOn = time.NewTimer(0)
	s.goOn.Stop()
	s.out = outbox{zones: len(o.Zones), log: o.Log}
	s.refusals, s.duplicates = newRefusals(o), newDuplicates(o)
	s.presence = newPresence(o, s.topics, s.duplicates.process)
	s.restarter = restarter{log: o.Log}
	s.home = newAnnouncer(o, s.topics, s.zones, s.restarter.offered)
	s.link = s.newLink()
	return s
}

func (s *Session) addZone(zone setpoint.Zone) {
	z := &zoneSession{
		opts: &s.opts, topics: s.topics, out: &s.out, zone: zone, truth: setpoint.NewArbiter(zone, s.opts.Instance, s.opts.NotBefore),
		post: s.post, hold: s.hold,
		ask: func(z *zoneSession) { s.asking = append(s.asking, z) },
	}
	s.zones = append(s.zones, z)
	s.byName[zone.Name] = z
}

// newLink makes the connection's side, whose goroutine hands everything to ours.
func (s *Session) newLink() link {
	o := s.opts
	return link{
		login: broker.Login{Access: o.Access, ClientID: "thermostat-" + o.Device, Will: s.topics.Status()},
		log:   o.Log, slept: o.Slept, fault: alarm{zones: o.Zones, name: controlloop.FaultBrokerRefused},
		receive: s.take,
		up:      func(client paho.Client, drop func()) { s.post(func() { s.connected(client, drop) }) },
		down:    func(client paho.Client, cause error) { s.post(func() { s.disconnected(client, cause) }) },
		left:    s.done,
	}
}

// Start is the setpoint a zone begins with: its memory's, or the configured one.
// It may be called before Run only.
func (s *Session) Start(zone string) controlloop.Setpoint { return s.byName[zone].truth.Active() }

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
func (s *Session) Submit(ctx context.Context, zone, source string, control []byte) (setpoint.Answer, error) {
	return s.ask(ctx, zone, func(t *setpoint.Arbiter) setpoint.Actions { return t.Submit(time.Now(), source, control) })
}

// Clear lets go of what a zone has latched, as its topic set/clear does.
func (s *Session) Clear(ctx context.Context, zone string) (setpoint.Answer, error) {
	return s.ask(ctx, zone, func(t *setpoint.Arbiter) setpoint.Actions { return t.Clear("") })
}

// Connected reports whether the broker is.
func (s *Session) Connected() bool { return s.online.Load() }

// ask does something to a zone in the session's goroutine and waits for the answer.
func (s *Session) ask(ctx context.Context, zone string, do func(*setpoint.Arbiter) setpoint.Actions) (setpoint.Answer, error) {
	z := s.byName[zone]
	if z == nil {
		return setpoint.Answer{}, fmt.Errorf("there is no zone %q", zone)
	}
	answers := make(chan setpoint.Answer, 1)
	s.post(func() { z.do(do(z.truth), func(a setpoint.Answer) { answers <- a }) })
	select {
	case a := <-answers:
		return a, nil
	case <-ctx.Done():
		return setpoint.Answer{}, ctx.Err()
	case <-s.done:
		return setpoint.Answer{}, errors.New("the agent is stopping")
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
		go s.opts.Contain(partSession, func() { s.link.keepConnected(dialing) })
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
			s.step(func() { z.look(time.Now()) })
		case <-s.goOn.C:
			s.step(func() { s.tellHeld(time.Now()) })
		case <-tick.C:
			s.step(func() { s.pulse(time.Now()) })
		case <-ctx.Done():
			s.opts.Contain(partSession, s.goodbye)
			return nil
		}
	}
}

// partSession is what a user knows the session as.
const partSession = "the connection to the broker"

// step does one thing. A panic costs the connection: the next one asks for
// everything and tells everything anew.
func (s *Session) step(f func()) {
	whole := false
	s.opts.Contain(partSession, func() {
		f()
		s.askControls()
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
	if !s.out.connected() {
		return
	}
	if s.presence.infoDue(now, s.zones) {
		s.tellInfo(now)
	}
	for _, z := range s.zones {
		z.tick(now)
	}
	s.out.judge(now)
	s.announce(s.home.due(now))
	if topics := s.refusals.due(now); topics != nil {
		s.listen(topics)
	}
	if s.presence.echo.judge(now) {
		s.out.publish(s.presence.online(now))
	}
}

// tellInfo publishes what the agent says of itself. It waits for nothing that is
// on its way.
func (s *Session) tellInfo(now time.Time) {
	if s.opts.Info != nil && s.out.connected() {
		word, problem := problemOf(s.zones)
		s.out.publishApart(s.presence.info(now, word, problem))
	}
}

// announce tells what is to be told of devices that are there, or no more.
func (s *Session) announce(a announcement) {
	now := time.Now()
	s.out.publishAll(a.devices)
	if a.present {
		s.out.publish(s.presence.online(now))
		s.tellInfo(now)
	}
	for _, z := range a.zones {
		z.tellAgain(now)
	}
	s.out.publishAll(a.cleared)
	if a.done && s.opts.Forgotten != nil {
		go s.opts.Contain("the memory", s.opts.Forgotten) // it writes a file
	}
}

// hold comes back to a zone when its relays' messages have had their head start.
func (s *Session) hold(z *zoneSession) {
	if z.held {
		return
	}
	if len(s.held) == 0 {
		s.goOn.Reset(relayFirst)
	}
	z.held, s.held = true, append(s.held, z)
}

func (s *Session) tellHeld(now time.Time) {
	held := s.held
	s.held = nil
	for _, z := range held {
		z.held = false
		z.tell(now)
	}
}

// goodbye publishes the last states and that the agent is gone.
func (s *Session) goodbye() {
	for len(s.dirty) > 0 {
		(<-s.dirty).look(time.Now())
	}
	if !s.out.connected() {
		return
	}
	s.out.window = window{} // the last words wait for nothing
	s.opts.Devices.Goodbye(time.Second)
	for _, z := range s.zones {
		z.tellLast()
	}
	client := s.out.client
	s.out.publishApart(s.presence.offline()).WaitTimeout(time.Second)
	client.Disconnect(500)
	s.out.disconnect()
}
