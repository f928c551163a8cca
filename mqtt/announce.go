package mqtt

import (
	"math/rand/v2"
	"slices"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"thermostat/controlloop"
)

// The waits of an announcement.
const (
	birthJitter = 3 * time.Second        // at most, so that a fleet does not answer a birth at one instant
	zonesAfter  = time.Second            // the agent's own device must be there before one that names it as via_device
	removeAfter = 10 * time.Second       // Home Assistant must know a device before it can remove it
	usualBirth  = "homeassistant/status" // Home Assistant's default, whatever its discovery prefix is
)

// Births are the topics on which Home Assistant says that it is there: the one
// that is configured, else the usual ones for a discovery prefix.
func Births(configured, discovery string) []string {
	if configured != "" {
		return []string{configured}
	}
	return []string{discovery + "/status", usualBirth}
}

// Announced is a device that Home Assistant was told of, and a zone whose
// retained topics the broker has.
type Announced struct {
	Discovery string `json:"discovery"` // first part of its config topic; empty: Home Assistant was not told
	Zone      string `json:"zone"`      // empty: the agent's own device
}

// Announces lists what a session with these options announces.
func (o Options) Announces() []Announced {
	var all []Announced
	if o.Discovery != "" {
		all = append(all, Announced{o.Discovery, ""})
	}
	for _, z := range o.Zones {
		all = append(all, Announced{o.Discovery, z.Name})
	}
	return all
}

// announcer knows what Home Assistant is to be told, and when. Nothing of it is
// retained, so that nothing is left behind at the broker: it is told at each
// connection and at each birth message.
type announcer struct {
	discovery
	prefix string      // of the config topics; empty: it is told nothing
	gone   []Announced // what was announced once and is no more
	births []string    // the topics on which Home Assistant says that it is there

	agentAt, zonesAt, removeAt time.Time // zero: not due
	left                       []string  // zones that are still to be announced
	again                      bool      // a birth came in the middle of an answer
	announced                  bool      // every zone, on this connection
}

func newAnnouncer(o Options, t topics) announcer {
	a := announcer{discovery: discovery{t, o.Device, ""}, prefix: o.Discovery, gone: o.Gone}
	if o.Info != nil {
		a.version = o.Info().Version
	}
	for _, g := range append(o.Announces(), a.gone...) {
		if g.Discovery != "" {
			a.births = append(a.births, Births(o.Birth, g.Discovery)...)
		}
	}
	slices.Sort(a.births)
	a.births = slices.Compact(a.births)
	return a
}

// greet makes everything due from a time on.
func (a *announcer) greet(from time.Time) {
	a.agentAt, a.zonesAt = from, from.Add(zonesAfter)
}

// due reports whether a time has come, once.
func due(at *time.Time, now time.Time) bool {
	if at.IsZero() || now.Before(*at) {
		return false
	}
	*at = time.Time{}
	return true
}

// whole is a device with every component that it can ever have had.
func (a *announcer) whole(zone string) discoveryDevice {
	if zone == "" {
		return a.agent(true)
	}
	d := a.zone(Zone{Name: zone, Humidity: true, Params: controlloop.Params{Heater: true, Cooler: true, DesiredMin: 5, DesiredMax: 28}}, true)
	d.Device.Via = "" // that one may be gone, too
	return d
}

// meet asks for Home Assistant's births, and once the broker has granted that,
// announces. One that refuses is told nothing: it might end the connection over
// a message that it does not allow.
func (s *Session) meet(client paho.Client) {
	a := &s.home
	a.agentAt, a.zonesAt, a.removeAt, a.left, a.again, a.announced = time.Time{}, time.Time{}, time.Time{}, nil, false, false
	if len(a.births) == 0 {
		s.forget(a.gone)
		return
	}
	s.subscribe(client, a.births, func(refused []string) {
		if len(refused) > 0 {
			s.wipe(a.gone) // that much is ours
			return
		}
		for _, g := range a.gone {
			s.retract(g)
		}
		a.greet(time.Now())
		s.announce(time.Now())
	})
}

// born answers a birth message: Home Assistant may have forgotten everything.
func (s *Session) born(now time.Time) {
	a := &s.home
	if !a.agentAt.IsZero() || !a.zonesAt.IsZero() || len(a.left) > 0 { // it is coming, or half of it has been said
		a.again = a.agentAt.IsZero()
		return
	}
	a.greet(now.Add(rand.N(birthJitter)))
	if len(a.gone) > 0 && a.removeAt.IsZero() {
		a.removeAt = a.zonesAt.Add(removeAfter)
	}
}

// announce tells what is due: first the devices, then that we are there, then
// how the zones are.
func (s *Session) announce(now time.Time) {
	a := &s.home
	if due(&a.agentAt, now) && a.prefix != "" {
		s.publish(a.config(a.prefix, ""), asJSON(a.agent(s.restart != nil)), 1, false)
	}
	if due(&a.zonesAt, now) {
		s.announceZones(now)
	} else {
		s.announceMore(now)
		s.announceChanged(now)
	}
	if a.again && len(a.left) == 0 && a.zonesAt.IsZero() {
		a.again = false
		s.born(now)
	}
	if due(&a.removeAt, now) {
		for _, g := range a.gone {
			s.retract(g)
		}
		s.forget(a.gone)
	}
}

func (s *Session) announceZones(now time.Time) {
	a := &s.home
	if !a.removeAt.IsZero() { // Home Assistant was born: it must know what it is to remove
		for _, g := range a.gone {
			s.publish(a.config(g.Discovery, g.Zone), asJSON(a.whole(g.Zone)), 1, false)
		}
	}
	first := s.some(s.names)
	a.left, a.announced = s.names[len(first):], true
	s.announceDevices(first)
	s.sayOnline()
	s.tellInfo(now)
	s.tellStates(first, now)
	s.wipe(a.gone)
}

// zonesAtOnce are announced in one pulse: the devices of thousands of zones are
// many megabytes.
const zonesAtOnce = 50

func (s *Session) some(names []string) []string { return names[:min(len(names), zonesAtOnce)] }

// announceMore goes on with the zones that are left.
func (s *Session) announceMore(now time.Time) {
	next := s.some(s.home.left)
	s.home.left = s.home.left[len(next):]
	s.announceDevices(next)
	s.tellStates(next, now)
}

func (s *Session) announceDevices(zones []string) {
	a := &s.home
	if a.prefix == "" {
		return
	}
	for _, name := range zones {
		z := s.zones[name]
		z.offersBoth = z.servesBoth()
		s.publish(a.config(a.prefix, name), asJSON(a.zone(z.truth.zone, z.offersBoth)), 1, false)
	}
}

// servesBoth reports whether mode heat_cool is accepted with the deltas in force.
func (z *zoneSession) servesBoth() bool {
	return z.truth.zone.Params.ServesBoth(z.truth.obeyed.UpDelta, z.truth.obeyed.DownDelta)
}

// announceChanged announces zones anew whose deltas serve both modes now, or no more.
func (s *Session) announceChanged(now time.Time) {
	if s.home.prefix == "" || !s.home.announced || len(s.home.left) > 0 {
		return
	}
	for _, name := range s.names {
		if z := s.zones[name]; z.offersBoth != z.servesBoth() {
			s.announceDevices([]string{name})
			s.tellStates([]string{name}, now)
		}
	}
}

// tellStates publishes states again, changed or not.
func (s *Session) tellStates(zones []string, now time.Time) {
	for _, name := range zones {
		s.zones[name].telemetry.toldAt = time.Time{}
		s.tell(s.zones[name], now)
	}
}

// retract takes a device back from Home Assistant.
func (s *Session) retract(g Announced) {
	if g.Discovery != "" {
		s.publish(s.home.config(g.Discovery, g.Zone), nil, 1, false)
	}
}

// wipe clears what we retained of zones that are no more. Their control stays:
// it is somebody's word, and counts again when the zone comes back.
func (s *Session) wipe(gone []Announced) {
	for _, g := range gone {
		if g.Zone == "" || s.zones[g.Zone] != nil {
			continue
		}
		for _, topic := range []string{s.topics.state(g.Zone), s.topics.heater(g.Zone), s.topics.cooler(g.Zone)} {
			s.publish(topic, nil, 1, true)
		}
	}
}

// forget wipes and lets go of what is gone.
func (s *Session) forget(gone []Announced) {
	if len(gone) == 0 {
		return
	}
	s.wipe(gone)
	s.home.gone = nil
	if s.opts.Forgotten != nil {
		go s.opts.Contain("the memory", s.opts.Forgotten) // it writes a file
	}
}

// problem sums up what is wrong in all zones.
func (s *Session) problem() (word, text string) {
	var texts []string
	for _, name := range s.names {
		for _, f := range s.zones[name].telemetry.latest.Faults {
			texts = append(texts, name+": "+f.Text)
		}
	}
	return controlloop.ProblemOf(texts)
}
