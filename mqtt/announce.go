package mqtt

import (
	"math/rand/v2"
	"slices"
	"time"

	"thermostat/mqtt/homeassistant"
	"thermostat/mqtt/wire"
)

// The waits of an announcement.
const (
	onlineJitter = 3 * time.Second  // at most, so that a fleet does not answer a birth at one instant
	zonesAfter   = time.Second      // the agent's own device must be there before one that names it as via_device
	removeAfter  = 10 * time.Second // Home Assistant must know a device before it can remove it
)

// Announces lists what a session with these options announces.
func (o Options) Announces() []homeassistant.Announced {
	var all []homeassistant.Announced
	if o.Discovery != "" {
		all = append(all, homeassistant.Announced{Discovery: o.Discovery})
	}
	for _, z := range o.Zones {
		all = append(all, homeassistant.Announced{Discovery: o.Discovery, Zone: z.Name})
	}
	return all
}

// version is the program's; empty: not told.
func (o Options) version() string {
	if o.Info == nil {
		return ""
	}
	return o.Info().Version
}

// announcer knows what Home Assistant is to be told, and when. Nothing of it is
// retained, so that nothing is left behind at the broker: it is told at each
// connection and at each birth message.
type announcer struct {
	documents    homeassistant.Discovery
	topics       wire.Topics
	prefix       string                    // of the config topics; empty: it is told nothing
	gone         []homeassistant.Announced // what was announced once and is no more
	onlineTopics []string                  // the topics on which Home Assistant says that it is there
	restart      func() bool               // whether the agent obeys that button
	zones        []*zoneSession
	names        map[string]bool // of the zones

	agentAt, zonesAt, removeAt time.Time // zero: not due

	left      []*zoneSession        // are still to be announced
	both      map[*zoneSession]bool // was told of mode heat_cool
	again     bool                  // a birth came in the middle of an answer
	announced bool                  // every zone, on this connection
}

func newAnnouncer(o Options, t wire.Topics, zones []*zoneSession, restart func() bool) announcer {
	a := announcer{
		documents: homeassistant.NewDiscovery(t, o.Device, o.version()), topics: t, prefix: o.Discovery, gone: o.Gone,
		restart: restart, zones: zones, both: map[*zoneSession]bool{}, names: map[string]bool{},
	}
	for _, z := range zones {
		a.names[z.name()] = true
	}
	for _, g := range append(o.Announces(), a.gone...) {
		if g.Discovery != "" {
			a.onlineTopics = append(a.onlineTopics, homeassistant.OnlineTopics(o.Birth, g.Discovery)...)
		}
	}
	slices.Sort(a.onlineTopics)
	a.onlineTopics = slices.Compact(a.onlineTopics)
	return a
}

// announcement is what is to be told at once, in this order.
type announcement struct {
	devices []outgoing     // Home Assistant's documents
	present bool           // that the agent is there, and what it says of itself
	zones   []*zoneSession // the states of these, changed or not
	cleared []outgoing     // what nobody is to find any more
	done    bool           // with that, all that is gone has been let go of
}

// begin begins a connection. Where nobody is to be told anything, what is gone
// is let go of at once.
func (a *announcer) begin() (told announcement) {
	a.agentAt, a.zonesAt, a.removeAt, a.left, a.again, a.announced = time.Time{}, time.Time{}, time.Time{}, nil, false, false
	if len(a.onlineTopics) == 0 {
		a.letGo(&told)
	}
	return told
}

// mayHear takes the broker's answer whether the online messages may be heard. A broker that
// refuses that is told nothing: it might end the connection over a message that
// it does not allow.
func (a *announcer) mayHear(now time.Time, may bool) (told announcement) {
	if !may {
		a.wipe(&told) // that much is ours
		return told
	}
	a.retract(&told)
	a.announceAgain(now)
	return told
}

// announceAgain makes everything due from a time on.
func (a *announcer) announceAgain(from time.Time) {
	a.agentAt, a.zonesAt = from, from.Add(zonesAfter)
}

// born answers a birth message: Home Assistant may have forgotten everything.
func (a *announcer) born(now time.Time) {
	if !a.agentAt.IsZero() || !a.zonesAt.IsZero() || len(a.left) > 0 { // it is coming, or half of it has been said
		a.again = a.agentAt.IsZero()
		return
	}
	a.announceAgain(now.Add(rand.N(onlineJitter)))
	if len(a.gone) > 0 && a.removeAt.IsZero() {
		a.removeAt = a.zonesAt.Add(removeAfter)
	}
}

// due gives what is to be told now: first the devices, then that we are there,
// then how the zones are.
func (a *announcer) due(now time.Time) (told announcement) {
	if due(&a.agentAt, now) && a.prefix != "" {
		told.devices = append(told.devices, a.document(a.prefix, "", a.documents.Agent(a.restart())))
	}
	if due(&a.zonesAt, now) {
		a.tellZones(&told)
	} else {
		a.tellMore(&told)
		a.tellChanged(&told)
	}
	if a.again && len(a.left) == 0 && a.zonesAt.IsZero() {
		a.again = false
		a.born(now)
	}
	if due(&a.removeAt, now) {
		a.retract(&told)
		a.letGo(&told)
	}
	return told
}

// tellZones begins to announce all zones.
func (a *announcer) tellZones(told *announcement) {
	if !a.removeAt.IsZero() { // Home Assistant was born: it must know what it is to remove
		for _, g := range a.gone {
			told.devices = append(told.devices, a.document(g.Discovery, g.Zone, a.documents.Whole(g.Zone)))
		}
	}
	a.left, a.announced = a.zones, true
	a.tellMore(told)
	told.present = true
	a.wipe(told)
}

// zonesAtOnce are announced in one pulse: the devices of thousands of zones are
// many megabytes.
const zonesAtOnce = 50

// tellMore goes on with the zones that are left.
func (a *announcer) tellMore(told *announcement) {
	n := min(len(a.left), zonesAtOnce)
	for _, z := range a.left[:n] {
		a.tellZone(told, z)
	}
	a.left = a.left[n:]
}

// tellChanged announces zones anew whose deltas serve both modes now, or no more.
func (a *announcer) tellChanged(told *announcement) {
	if a.prefix == "" || !a.announced || len(a.left) > 0 {
		return
	}
	for _, z := range a.zones {
		if a.both[z] != z.servesBoth() {
			a.tellZone(told, z)
		}
	}
}

func (a *announcer) tellZone(told *announcement, z *zoneSession) {
	told.zones = append(told.zones, z)
	if a.prefix == "" {
		return
	}
	a.both[z] = z.servesBoth()
	told.devices = append(told.devices, a.document(a.prefix, z.name(), a.documents.Zone(z.zone, a.both[z])))
}

// document is the message that announces a device.
func (a *announcer) document(prefix, zone string, d homeassistant.Device) outgoing {
	return outgoing{a.documents.Config(prefix, zone), wire.JSON(d), 1, false}
}

// retract takes back from Home Assistant what is gone.
func (a *announcer) retract(told *announcement) {
	for _, g := range a.gone {
		if g.Discovery != "" {
			told.cleared = append(told.cleared, outgoing{a.documents.Config(g.Discovery, g.Zone), nil, 1, false})
		}
	}
}

// wipe clears what we retained of zones that are no more. Their control stays:
// it is somebody's word, and counts again when the zone comes back.
func (a *announcer) wipe(told *announcement) {
	for _, g := range a.gone {
		if g.Zone == "" || a.names[g.Zone] {
			continue
		}
		for _, topic := range []string{a.topics.State(g.Zone), a.topics.Heater(g.Zone), a.topics.Cooler(g.Zone)} {
			told.cleared = append(told.cleared, outgoing{topic, nil, 1, true})
		}
	}
}

// letGo wipes and lets go of what is gone.
func (a *announcer) letGo(told *announcement) {
	if len(a.gone) == 0 {
		return
	}
	a.wipe(told)
	a.gone, told.done = nil, true
}

// due reports whether a time has come, once.
func due(at *time.Time, now time.Time) bool {
	if at.IsZero() || now.Before(*at) {
		return false
	}
	*at = time.Time{}
	return true
}
