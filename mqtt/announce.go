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
	onlineJitter = 3 * time.Second  // at most, so that a fleet does not answer Home Assistant's start at one instant
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

// version is the program's; empty: not known.
func (o Options) version() string {
	if o.Info == nil {
		return ""
	}
	return o.Info().Version
}

// announcer knows what is to be announced to Home Assistant, and when. Nothing of
// it is retained, so that nothing is left behind at the broker: it is announced on each
// connection, and whenever Home Assistant comes online.
type announcer struct {
	documents    homeassistant.Discovery
	topics       wire.Topics
	prefix       string                    // of the config topics; empty: nothing is announced
	gone         []homeassistant.Announced // announced once, and no more there
	onlineTopics []string                  // the topics on which Home Assistant says that it is there
	restart      func() bool               // whether the agent obeys that button
	zones        []*zone
	names        map[string]bool // of the zones

	agentAt, zonesAt, removeAt time.Time // zero: not due

	left        []*zone        // are still to be announced
	both        map[*zone]bool // mode heat_cool was announced
	onlineAgain bool           // Home Assistant came online in the middle of an announcement
	announced   bool           // every zone, on this connection
}

func newAnnouncer(o Options, t wire.Topics, zones []*zone, restart func() bool) announcer {
	a := announcer{
		documents: homeassistant.NewDiscovery(t, o.Device, o.version()), topics: t, prefix: o.Discovery, gone: o.Gone,
		restart: restart, zones: zones, both: map[*zone]bool{}, names: map[string]bool{},
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

// announcement is what is to be published at once, in this order.
type announcement struct {
	devices   []outgoing // Home Assistant's documents
	present   bool       // status and info
	zones     []*zone    // the states of these, changed or not
	removed   []outgoing // retained messages and devices that are to go
	forgotten bool       // with that, all that is gone is removed
}

// begin begins a connection. Where nothing is to be announced, what is gone is
// removed at once.
func (a *announcer) begin() (next announcement) {
	a.agentAt, a.zonesAt, a.removeAt, a.left, a.onlineAgain, a.announced = time.Time{}, time.Time{}, time.Time{}, nil, false, false
	if len(a.onlineTopics) == 0 {
		a.forget(&next)
	}
	return next
}

// subscribed takes the broker's answer to the subscription to the online topics. To
// a broker that refuses it nothing is announced: it might end the connection over
// a message that it does not allow.
func (a *announcer) subscribed(now time.Time, granted bool) (next announcement) {
	if !granted {
		a.wipe(&next) // that much is ours
		return next
	}
	a.retract(&next)
	a.schedule(now)
	return next
}

// schedule makes everything due from a time on.
func (a *announcer) schedule(from time.Time) {
	a.agentAt, a.zonesAt = from, from.Add(zonesAfter)
}

// homeAssistantOnline announces everything again: Home Assistant may have forgotten it.
func (a *announcer) homeAssistantOnline(now time.Time) {
	if !a.agentAt.IsZero() || !a.zonesAt.IsZero() || len(a.left) > 0 { // it is due, or half of it is published
		a.onlineAgain = a.agentAt.IsZero()
		return
	}
	a.schedule(now.Add(rand.N(onlineJitter)))
	if len(a.gone) > 0 && a.removeAt.IsZero() {
		a.removeAt = a.zonesAt.Add(removeAfter)
	}
}

// due gives what is to be published now: first the devices, then that the agent is
// online, then the states of the zones.
func (a *announcer) due(now time.Time) (next announcement) {
	if due(&a.agentAt, now) && a.prefix != "" {
		next.devices = append(next.devices, a.document(a.prefix, "", a.documents.Agent(a.restart())))
	}
	if due(&a.zonesAt, now) {
		a.beginZones(&next)
	} else {
		a.nextZones(&next)
		a.changedZones(&next)
	}
	if a.onlineAgain && len(a.left) == 0 && a.zonesAt.IsZero() {
		a.onlineAgain = false
		a.homeAssistantOnline(now)
	}
	if due(&a.removeAt, now) {
		a.retract(&next)
		a.forget(&next)
	}
	return next
}

// beginZones begins to announce all zones.
func (a *announcer) beginZones(next *announcement) {
	if !a.removeAt.IsZero() { // Home Assistant started anew: it must know what it is to remove
		for _, g := range a.gone {
			next.devices = append(next.devices, a.document(g.Discovery, g.Zone, a.documents.Whole(g.Zone)))
		}
	}
	a.left, a.announced = a.zones, true
	a.nextZones(next)
	next.present = true
	a.wipe(next)
}

// zonesAtOnce are announced in one pulse: the devices of thousands of zones are
// many megabytes.
const zonesAtOnce = 50

// nextZones goes on with the zones that are left.
func (a *announcer) nextZones(next *announcement) {
	n := min(len(a.left), zonesAtOnce)
	for _, z := range a.left[:n] {
		a.addZone(next, z)
	}
	a.left = a.left[n:]
}

// changedZones announces zones anew whose deltas serve both modes now, or no more.
func (a *announcer) changedZones(next *announcement) {
	if a.prefix == "" || !a.announced || len(a.left) > 0 {
		return
	}
	for _, z := range a.zones {
		if a.both[z] != z.servesBoth() {
			a.addZone(next, z)
		}
	}
}

func (a *announcer) addZone(next *announcement, z *zone) {
	next.zones = append(next.zones, z)
	if a.prefix == "" {
		return
	}
	a.both[z] = z.servesBoth()
	next.devices = append(next.devices, a.document(a.prefix, z.name(), a.documents.Zone(z.spec, a.both[z])))
}

// document is the message that announces a device.
func (a *announcer) document(prefix, zone string, d homeassistant.Device) outgoing {
	return outgoing{a.documents.Config(prefix, zone), wire.JSON(d), 1, false}
}

// retract takes back from Home Assistant what is gone.
func (a *announcer) retract(next *announcement) {
	for _, g := range a.gone {
		if g.Discovery != "" {
			next.removed = append(next.removed, outgoing{a.documents.Config(g.Discovery, g.Zone), nil, 1, false})
		}
	}
}

// wipe clears what we retained of zones that are no more. Their control stays:
// somebody set it, and it counts again when the zone comes back.
func (a *announcer) wipe(next *announcement) {
	for _, g := range a.gone {
		if g.Zone == "" || a.names[g.Zone] {
			continue
		}
		for _, topic := range []string{a.topics.State(g.Zone), a.topics.Heater(g.Zone), a.topics.Cooler(g.Zone)} {
			next.removed = append(next.removed, outgoing{topic, nil, 1, true})
		}
	}
}

// forget wipes what is gone, and ends its announcements.
func (a *announcer) forget(next *announcement) {
	if len(a.gone) == 0 {
		return
	}
	a.wipe(next)
	a.gone, next.forgotten = nil, true
}

// due reports whether a time has come, once.
func due(at *time.Time, now time.Time) bool {
	if at.IsZero() || now.Before(*at) {
		return false
	}
	*at = time.Time{}
	return true
}
