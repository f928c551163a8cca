package mqtt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"thermostat/controlloop"
)

// Options are the constants of a session.
type Options struct {
	Access
	Device   string
	Instance string // the random word born with the memory on disk
	Zones    []Zone
	Devices  *Devices // sensors and relays on the broker; nil: none

	SensorEvery time.Duration // slowest rate of readings; 0: each
	StateEvery  time.Duration // slowest rate of states; a change is always sent

	Discovery string      // first part of Home Assistant's config topics; empty: it is told nothing
	Birth     string      // the topic on which Home Assistant says that it is there; empty: the usual ones
	Gone      []Announced // what was announced once, by an agent of this name, and is no more
	Forgotten func()      // told once that Home Assistant and the broker have let go of it; outside the session's goroutine

	Info      func() Info                       // asked at each connection
	Save      func(zone string, m Memory) error // keeps an accepted word; called outside the session's goroutine
	Answered  func(zone string, applied bool)   // told of each answer to a control, in the session's goroutine; nil: nobody counts
	NotBefore time.Time                         // a clock before this is not trusted
	Slept     func() time.Duration              // how long the machine has been suspended, in all; nil: never
	Log       *slog.Logger
	Dial      DialFunc // nil: the network

	Contain func(part string, f func()) // runs f and survives its panic; nil: nobody does
}

// Session is the agent's side of the broker. One goroutine, Run, owns all of
// it. It works on without a broker: local changes are judged, obeyed and saved.
type Session struct {
	opts   Options
	topics topics
	zones  map[string]*zoneSession
	names  []string // of the zones, in the order of the configuration
	events chan func()
	done   chan struct{} // closed when Run has returned
	client paho.Client   // nil while down
	drop   func()        // ends the connection from our side
	online atomic.Bool   // whether there is a client, for others to see

	alarms     alarms
	duplicates duplicates
	refused    notGranted
	echo       echo
	flight     flight

	home        announcer
	toldProblem string    // in the info
	infoAt      time.Time // when that was said
	restart     func()    // nil: not offered
	lines       ration    // of what others make us log of the agent as a whole
	began       time.Time

	asking []*zoneSession // for their control topic, at the end of this event
	held   []*zoneSession // whose states give way to their relays' messages
	goOn   *time.Timer    // when they have done so

	dirty chan *zoneSession // have snapshots that were not looked at; room for each zone once
}

// zoneSession is one zone as the session sees it.
type zoneSession struct {
	truth     *truth
	telemetry telemetry
	serial    uint64    // of the last setpoint handed to the zone
	waiting   []waiting // for the zone to obey, oldest first
	saving    bool
	unsaved   bool
	held      bool
	answers   []pending // to be given once the memory is saved
	ready     []Answer  // to be published as soon as there is room in flight
	says      bool      // a control of ours is to be published as soon as there is
	say       []byte    // that control

	modeAsked   controlloop.Mode // while nobody knew a temperature; until its use, or a newer word
	modeAskedAt time.Time
	offersBoth  bool // Home Assistant was told of mode heat_cool

	lines  ration                 // of what others make us log of this zone
	looked []controlloop.Snapshot // room for the next fresh ones

	mu    sync.Mutex             // guards what follows: the zone's goroutine fills it
	fresh []controlloop.Snapshot // not looked at yet
	dirty bool                   // and the session knows
}

// modeFirst is how long a mode waits for its temperature in a zone that has
// none yet: Home Assistant says the mode first, in a message of its own.
const modeFirst = 5 * time.Second

// waiting is what follows once the zone shows a setpoint's serial.
type waiting struct {
	serial uint64
	deeds  deeds
	reply  func(Answer)
	obeyed time.Time // when the zone began to; zero: not known, or a later word came first
}

type pending struct {
	answer Answer
	reply  func(Answer)
}

// maxAnswers bounds the answers that wait for a zone, a slow disk or a busy
// broker, for each of these, per zone. The oldest are given up.
const maxAnswers = 1000

// pulse is how often due things are looked for.
const pulse = 500 * time.Millisecond

// NewSession makes a session; it does nothing before Run.
func NewSession(o Options) *Session {
	if o.Contain == nil {
		o.Contain = func(_ string, f func()) { f() }
	}
	if o.Devices != nil {
		o.Devices.contain = o.Contain
	}
	s := &Session{
		opts: o, topics: newTopics(o.Prefix, o.Device), zones: map[string]*zoneSession{},
		events: make(chan func(), 64), done: make(chan struct{}), dirty: make(chan *zoneSession, len(o.Zones)),
	}
	for _, z := range o.Zones {
		s.zones[z.Name] = &zoneSession{truth: newTruth(z, o.Instance, o.NotBefore)}
		s.names = append(s.names, z.Name)
	}
	s.goOn = time.NewTimer(0)
	s.goOn.Stop()
	s.home = newAnnouncer(o, s.topics)
	s.duplicates, s.alarms = newDuplicates(o), newAlarms(o.Zones)
	s.refused.told = map[string]*complaint{}
	return s
}

// Start is the setpoint a zone begins with: its memory's, or the configured one.
// It may be called before Run only.
func (s *Session) Start(zone string) controlloop.Setpoint { return s.zones[zone].truth.obeyed }

// Observe takes a zone's snapshot. It never blocks.
func (s *Session) Observe(snap controlloop.Snapshot) {
	z := s.zones[snap.Zone]
	z.mu.Lock()
	z.fresh = queue(z.fresh, snap)
	news := !z.dirty
	z.dirty = true
	z.mu.Unlock()
	if news {
		s.dirty <- z
	}
}

// maxFresh bounds the snapshots of one zone that wait for the session.
const maxFresh = 16

// queue adds a snapshot. It takes the place of the one before it if that told
// nothing of its own, or if there are too many.
func queue(all []controlloop.Snapshot, snap controlloop.Snapshot) []controlloop.Snapshot {
	if n := len(all); n > 0 {
		last := &all[n-1]
		same := last.Answers == snap.Answers && last.Heard == snap.Heard && last.Setpoint.Serial == snap.Setpoint.Serial &&
			last.HeaterRelay == snap.HeaterRelay && last.CoolerRelay == snap.CoolerRelay
		if same || n == maxFresh {
			*last = snap
			return all
		}
	}
	return append(all, snap)
}

// Submit takes a control that came by another way than the broker, as a
// complete statement with the same rules, and returns the answer once the zone
// obeys and the memory is saved. source names the way.
func (s *Session) Submit(ctx context.Context, zone, source string, control []byte) (Answer, error) {
	if s.zones[zone] == nil {
		return Answer{}, fmt.Errorf("there is no zone %q", zone)
	}
	return s.ask(ctx, func(reply func(Answer)) {
		z := s.zones[zone]
		c, err := decodeControl(control)
		sp := z.truth.obeyed
		if err == nil {
			sp, err = z.truth.zone.Setpoint(c)
			sp.Source = source
		}
		if err == nil {
			err = z.truth.expired(time.Now(), c)
		}
		s.do(z, z.truth.local(time.Now(), sp, c.GetId(), err), reply)
	})
}

// Clear lets go of what a zone has latched, as its topic set/clear does.
func (s *Session) Clear(ctx context.Context, zone string) (Answer, error) {
	if s.zones[zone] == nil {
		return Answer{}, fmt.Errorf("there is no zone %q", zone)
	}
	return s.ask(ctx, func(reply func(Answer)) {
		z := s.zones[zone]
		s.do(z, z.truth.clear(""), reply)
	})
}

// Connected reports whether the broker is.
func (s *Session) Connected() bool { return s.online.Load() }

// ask does something in the session's goroutine and waits for the answer.
func (s *Session) ask(ctx context.Context, do func(reply func(Answer))) (Answer, error) {
	answers := make(chan Answer, 1)
	s.post(func() { do(func(a Answer) { answers <- a }) })
	select {
	case a := <-answers:
		return a, nil
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	case <-s.done:
		return Answer{}, errors.New("the agent is stopping")
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
	s.began = time.Now()
	dialing, stop := context.WithCancel(ctx)
	defer stop()
	if len(s.opts.Brokers) > 0 {
		go s.opts.Contain(partSession, func() { s.keepConnected(dialing) })
	}
	if !s.opts.Devices.none() {
		go s.opts.Devices.run(dialing)
	}
	tick := time.NewTicker(pulse)
	defer tick.Stop()
	for {
		select {
		case f := <-s.events:
			s.step(f)
		case z := <-s.dirty:
			s.step(func() { s.look(z, time.Now()) })
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
		s.leave()
	}
}

// leave ends the connection from our side.
func (s *Session) leave() {
	drop := s.drop
	s.down()
	if drop != nil {
		drop()
	}
}

// keepConnected connects, waits for the end of the connection, and again.
func (s *Session) keepConnected(ctx context.Context) {
	short := 0 // connections in a row that ended soon
	var told complaint
	for attempt := 0; ctx.Err() == nil; attempt++ {
		began := time.Now()
		connected := s.connection(ctx, &told)
		took := time.Since(began)
		switch {
		case connected && took > lasting:
			attempt, short = 0, 0
		case connected:
			if short++; short == 3 {
				s.opts.Log.Warn("connections end soon after they began: does another client use this id (with mosquitto's use_username_as_clientid: this user name), or is something not allowed?",
					"client_id", s.clientID(), "username", s.opts.Username)
			}
		}
		if connected {
			took = 0
		}
		backoff(ctx, attempt, took)
	}
}

// lasting is how long a connection must have lasted to count as a good one; a
// shorter one does not shorten the waits, or two agents of one name would fight
// without pause.
const lasting = time.Minute

// clientID is the name at the broker, which lets only one connection of a name live.
func (s *Session) clientID() string { return "thermostat-" + s.opts.Device }

// connection is the life of one connection; it reports whether there was one.
func (s *Session) connection(ctx context.Context, told *complaint) bool {
	here, end := context.WithCancel(ctx)
	defer end()
	slept := s.slept()
	handle := func(_ paho.Client, m paho.Message) {
		if s.slept() != slept { // nobody knows how long it was on its way
			end()
			return
		}
		topic, payload, retained := m.Topic(), m.Payload(), m.Retained()
		if s.forDevices(topic, payload, retained) {
			return // checked by the configuration: none of them is our own topic
		}
		select { // in order, and never longer than this connection
		case s.events <- func() { s.receive(here, topic, payload, retained) }:
		case <-here.Done():
		}
	}
	l := login{Access: s.opts.Access, clientID: s.clientID(), will: s.topics.status(), dial: s.opts.Dial}
	client, lost, failed := reach(ctx, l, handle)
	if client == nil {
		if ctx.Err() == nil {
			s.unreached(failed, told)
		}
		return false
	}
	s.entered(failed, told)
	s.post(func() { s.connected(client, end) })
	go s.endAsleep(here, end, slept)
	var cause error
	select {
	case cause = <-lost:
		end()
	case <-here.Done():
	}
	if ctx.Err() == nil {
		s.post(func() { s.disconnected(client, cause) })
	} else {
		<-s.done // it says goodbye first
	}
	client.Disconnect(farewell)
	return true
}

// forDevices hands a message to the devices on the broker, in paho's goroutine.
func (s *Session) forDevices(topic string, payload []byte, retained bool) (taken bool) {
	s.opts.Contain("a device on the broker", func() { taken = s.opts.Devices.take(topic, payload, retained) })
	return taken
}

// endAsleep ends a connection that a suspend of the machine has outlived: what
// the broker sent meanwhile would arrive as if it were new.
func (s *Session) endAsleep(here context.Context, end func(), slept time.Duration) {
	if s.opts.Slept == nil {
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-here.Done():
			return
		case <-tick.C:
			if s.slept() != slept {
				s.opts.Log.Info("the machine was suspended: connecting to the broker anew")
				end()
			}
		}
	}
}

func (s *Session) slept() time.Duration {
	if s.opts.Slept == nil {
		return 0
	}
	return s.opts.Slept()
}

// farewell is how long, in ms, an end from our side may take to be told to the
// broker, which else speaks our will.
const farewell = 250

// connected tells the broker everything and asks for the controls.
func (s *Session) connected(client paho.Client, drop func()) {
	now := time.Now()
	s.client, s.drop = client, drop
	s.online.Store(true)
	s.opts.Log.Info("broker connected")
	s.opts.Devices.connected(client, drop)
	s.duplicates.connected(brokerOf(client))
	s.refused.topics, s.echo, s.flight = nil, echo{}, flight{}
	filters := []string{s.topics.status(), s.topics.info(), s.topics.anySet()}
	if s.restart != nil {
		filters = append(filters, s.topics.restart())
	}
	s.listen(client, filters)
	for _, name := range s.names {
		z := s.zones[name]
		z.telemetry.reset()
		s.do(z, z.truth.connected(now), nil)
	}
	s.sayOnline()
	s.tellInfo(now)
	s.meet(client)
	s.pulse(now)
}

func (s *Session) disconnected(client paho.Client, cause error) {
	if s.client != client {
		return
	}
	if cause != nil { // else we left it, and said why
		s.opts.Log.Warn("broker lost: control goes on without", "error", cause)
	}
	s.down()
}

func (s *Session) down() {
	s.client, s.drop = nil, nil
	s.online.Store(false)
	s.opts.Devices.disconnected()
	for _, name := range s.names {
		z := s.zones[name]
		z.truth.disconnected()
		z.ready, z.says = nil, false
	}
}

// subscribe asks for topics at QoS 0 and tells which of them the broker refuses.
// A broker that does not answer is left.
func (s *Session) subscribe(client paho.Client, filters []string, answered func(refused []string)) {
	asked, drop := askFor(client, filters), s.drop
	go func() {
		refused, err := asked.answered()
		if err != nil {
			if client.IsConnectionOpen() { // else it is lost, which is told and seen to
				s.opts.Log.Warn("a subscription was not answered: connecting anew", "topics", filters)
				drop()
			}
			return
		}
		s.post(func() {
			s.logRefused(refused)
			if s.client == client {
				answered(refused)
			}
		})
	}()
}

// publish hands a message to the connection; nothing is published while down,
// since the next connection tells everything anew.
func (s *Session) publish(topic string, payload []byte, qos byte, retained bool) {
	if s.client == nil {
		return
	}
	token := s.client.Publish(topic, qos, retained, payload)
	if qos > 0 {
		s.flight.add(time.Now(), token)
	}
}

// receive takes one message of a connection.
func (s *Session) receive(here context.Context, topic string, payload []byte, retained bool) {
	switch {
	case here.Err() != nil: // of a connection that is over
	case topic == s.topics.status():
		if string(payload) == "offline" { // a late will of our own last connection
			s.sayOnline()
		} else if !retained {
			s.echoCame()
		}
	case topic == s.topics.info():
		s.heard(time.Now(), payload, retained)
	case topic == s.topics.restart():
		s.askedToRestart(time.Now(), topic, retained)
	case slices.Contains(s.home.births, topic):
		if string(payload) == "online" {
			s.born(time.Now())
		}
	default:
		s.receiveForZone(topic, payload, retained)
	}
}

func (s *Session) receiveForZone(topic string, payload []byte, retained bool) {
	name, rest, ok := s.topics.parse(topic)
	z := s.zones[name]
	switch {
	case !ok || z == nil:
	case rest == "control":
		s.do(z, z.truth.message(time.Now(), payload, retained), nil)
	case strings.HasPrefix(rest, "set/") && retained:
		z.lines.log(s.opts.Log, slog.LevelWarn, ignoredRetained, "topic", topic)
	case rest == "set/desired":
		s.setDesired(z, string(payload))
	case rest == "set/mode":
		s.setMode(z, string(payload))
	case rest == "set/clear":
		s.do(z, z.truth.clear(string(payload)), nil)
	}
}

func (s *Session) setDesired(z *zoneSession, text string) {
	desired, err := parseNumber(text)
	if err != nil {
		err = fmt.Errorf("desired: %w", err)
	}
	sp := z.truth.desire(desired)
	if z.modeAsked != controlloop.ModeNone && time.Since(z.modeAskedAt) < modeFirst {
		sp.Mode = z.modeAsked
	}
	sp.Source = "home_assistant"
	s.do(z, z.truth.local(time.Now(), sp, "", err), nil)
}

func (s *Session) setMode(z *zoneSession, text string) {
	sp := z.truth.obeyed
	var err error
	sp.Mode, err = controlloop.ParseMode(strings.TrimSpace(text))
	sp.Source = "home_assistant"
	s.do(z, z.truth.local(time.Now(), sp, "", err), nil)
	if err == nil && math.IsNaN(sp.Desired) {
		z.modeAsked, z.modeAskedAt = sp.Mode, time.Now()
	}
}

// do carries out what the rules ask for. What must wait until the zone obeys
// is kept until a snapshot shows it.
func (s *Session) do(z *zoneSession, d deeds, reply func(Answer)) {
	if d.log != "" {
		z.lines.log(s.opts.Log, slog.LevelInfo, d.log, "zone", z.truth.zone.Name)
	}
	if d.subscribe && s.client != nil {
		s.asking = append(s.asking, z)
	}
	if d.answer != nil {
		z.modeAsked = controlloop.ModeNone // it was used, or this word is newer
	}
	if d.obey != nil {
		z.serial++
		sp := *d.obey
		sp.Serial = z.serial
		z.await(waiting{serial: z.serial, deeds: d, reply: reply})
		z.truth.zone.Setpoints.Put(sp)
	} else {
		s.finish(z, d, reply)
	}
	switch {
	case d.publish:
		z.says, z.say = s.client != nil, d.payload
	case d.obey != nil:
		z.says = false // somebody else's word is newer than one that still waits
	}
	s.sayControl(z, time.Now())
}

// sayControl publishes our newest control as soon as there is room.
func (s *Session) sayControl(z *zoneSession, now time.Time) {
	if z.says && s.room(now) {
		z.says = false
		s.publish(s.topics.control(z.truth.zone.Name), z.say, 1, true)
	}
}

// await keeps what is to follow once the zone obeys.
func (z *zoneSession) await(w waiting) {
	z.waiting = append(z.waiting, w)
	if len(z.waiting) > maxAnswers {
		z.unsaved = z.unsaved || z.waiting[0].deeds.save
		z.waiting = z.waiting[1:]
	}
}

// askControls subscribes to the control topics of all zones that wait for that,
// as many at once as one SUBSCRIBE may have.
func (s *Session) askControls() {
	for some := range slices.Chunk(s.asking, filtersAtOnce) {
		topics := make([]string, len(some))
		for i, z := range some {
			topics[i] = s.topics.control(z.truth.zone.Name)
		}
		if s.client == nil {
			break // the next connection asks for all of them
		}
		s.subscribe(s.client, topics, func(refused []string) {
			for i, z := range some {
				if slices.Contains(refused, topics[i]) {
					z.truth.unreadable(time.Now())
				} else {
					z.truth.subscribed(time.Now())
				}
			}
		})
	}
	s.asking = nil
}

// finish saves and then answers.
func (s *Session) finish(z *zoneSession, d deeds, reply func(Answer)) {
	if d.answer != nil {
		if s.opts.Answered != nil {
			s.opts.Answered(z.truth.zone.Name, d.answer.Applied)
		}
		z.answers = newest(append(z.answers, pending{*d.answer, reply}))
	}
	z.unsaved = z.unsaved || d.save
	s.settle(z)
}

// settle writes the memory if it changed; when that is done, what waited is answered.
func (s *Session) settle(z *zoneSession) {
	if z.saving {
		return
	}
	if !z.unsaved || s.opts.Save == nil {
		s.answer(z, z.answers, nil)
		z.answers = nil
		return
	}
	z.saving, z.unsaved = true, false
	answers, memory := z.answers, z.truth.mem
	z.answers = nil
	go func() {
		err := errors.New("saving failed")
		s.opts.Contain("the memory", func() { err = s.opts.Save(z.truth.zone.Name, memory) })
		s.post(func() {
			z.saving = false
			s.answer(z, answers, err)
			if z.unsaved || len(z.answers) > 0 {
				s.settle(z)
			}
		})
	}()
}

func (s *Session) answer(z *zoneSession, answers []pending, notSaved error) {
	for _, p := range answers {
		if notSaved != nil && p.answer.Applied {
			p.answer.Reason = "not saved"
		}
		z.ready = append(z.ready, p.answer)
		if p.reply != nil {
			p.reply(p.answer)
		}
	}
	z.ready = newest(z.ready)
	s.tellAnswers(z, time.Now())
}

// tellAnswers publishes the answers for which there is room, once the state that
// they follow is told. Without a broker nobody waits for them.
func (s *Session) tellAnswers(z *zoneSession, now time.Time) {
	t := &z.telemetry
	if s.client == nil {
		z.ready = nil
	}
	for len(z.ready) > 0 && t.told.Setpoint.Serial == t.latest.Setpoint.Serial && s.room(now) {
		s.publish(s.topics.ack(z.truth.zone.Name), asJSON(z.ready[0]), 1, false)
		z.ready = z.ready[1:]
	}
}

// newest gives up the oldest of too many answers.
func newest[T any](answers []T) []T {
	return answers[max(0, len(answers)-maxAnswers):]
}

// look takes a zone's snapshots that came, publishes them, and goes on with what
// waited for a setpoint to be obeyed.
func (s *Session) look(z *zoneSession, now time.Time) {
	z.mu.Lock()
	z.fresh, z.looked = z.looked[:0], z.fresh
	z.dirty = false
	z.mu.Unlock()
	for _, snap := range z.looked {
		z.telemetry.latest, z.telemetry.has = snap, true
		z.noteObeyed(snap.Setpoint)
		s.tell(z, now)
	}
}

// noteObeyed keeps when a setpoint that somebody waits for was obeyed.
func (z *zoneSession) noteObeyed(sp controlloop.Setpoint) {
	for i := range z.waiting {
		if w := &z.waiting[i]; w.serial == sp.Serial {
			w.obeyed = sp.At
		}
	}
}

// tell publishes what is due of a zone, relays first, and goes on with what
// waited for that.
func (s *Session) tell(z *zoneSession, now time.Time) {
	t := &z.telemetry
	if !t.has {
		return
	}
	shown := t.latest.Setpoint.Serial
	if s.client != nil {
		if s.roomFor(later(t.heaterAt, t.coolerAt), now) {
			t.relays(now, s.topics, s.send)
		}
		t.readings(now, s.topics, s.opts.SensorEvery, s.send)
		if s.roomFor(t.toldAt, now) {
			t.state(now, s.topics, s.opts.StateEvery, s.send)
		}
		if s.room(now) {
			shown = t.told.Setpoint.Serial // else what is obeyed is saved, and its answer alone waits for the state
		}
		if now.Before(t.heldUntil) {
			s.hold(z)
		}
	}
	for len(z.waiting) > 0 && z.waiting[0].serial <= shown {
		w := z.waiting[0]
		z.waiting = z.waiting[1:]
		w.tellWhen()
		s.finish(z, w.deeds, w.reply)
	}
	s.tellAnswers(z, now)
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
		s.tell(z, now)
	}
}

// tellWhen puts into the answer since when it is so.
func (w waiting) tellWhen() {
	if w.deeds.answer != nil && w.deeds.answer.Applied && !w.obeyed.IsZero() {
		at := w.obeyed.UTC()
		w.deeds.answer.Time = &at
	}
}

func (s *Session) send(m outgoing) { s.publish(m.topic, m.payload, m.qos, m.retained) }

// pulse does what is due by time.
func (s *Session) pulse(now time.Time) {
	s.judgeDuplicates(now)
	s.tellInfoAgain(now)
	if s.client == nil {
		return
	}
	for _, name := range s.names {
		z := s.zones[name]
		s.do(z, z.truth.tick(now), nil)
		s.tell(z, now)
	}
	s.judgeFlight(now)
	s.announce(now)
	s.listenAgain(now)
	s.judgeEcho(now)
}

// goodbye publishes the last states and that the agent is gone.
func (s *Session) goodbye() {
	for len(s.dirty) > 0 {
		s.look(<-s.dirty, time.Now())
	}
	if s.client == nil {
		return
	}
	s.flight = flight{} // the last words wait for nothing
	s.opts.Devices.farewell(time.Second)
	for _, name := range s.names {
		z := s.zones[name]
		for range 2 { // what the relays did, and the state, which gives way to it
			z.telemetry.heldUntil = time.Time{}
			s.tell(z, time.Now())
		}
	}
	token := s.client.Publish(s.topics.status(), 1, true, "offline")
	token.WaitTimeout(time.Second)
	s.client.Disconnect(500)
	s.client = nil
}
