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
	for _, s := range o.Boilers {
		all = append(all, homeassistant.Announced{Discovery: o.Discovery, Source: s.Name})
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
	boilers      []homeassistant.Source
	kept         map[homeassistant.Announced]bool // are there, announced or not

	agentAt, zonesAt, removeAt time.Time // zero: not due

	left        []*zone                       // are still to be announced
	offers      map[*zone]homeassistant.Offer // as they were announced last, on whatever connection
	away        bool                          // the agent's device was announced with the switch
	onlineAgain bool                          // Home Assistant came online in the middle of an announcement
	announced   bool                          // every zone, on this connection
	refused     bool                          // by the broker, on this connection: nothing is announced
}

func newAnnouncer(o Options, t wire.Topics, zones []*zone, restart func() bool) announcer {
	a := announcer{
		documents: homeassistant.NewDiscovery(t, o.Device, o.version(), o.Page), topics: t, prefix: o.Discovery, gone: o.Gone,
		restart: restart, zones: zones, offers: map[*zone]homeassistant.Offer{}, boilers: o.Boilers, kept: map[homeassistant.Announced]bool{},
	}
	for _, is := range o.Announces() {
		a.kept[is.Anywhere()] = true
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
	present   bool       // status and info, and then the sources
	zones     []*zone    // the states of these, changed or not
	removed   []outgoing // retained messages and devices that are to go
	forgotten bool       // with that, all that is gone is removed
}

// begin begins a connection. Where nothing is to be announced, what is gone is
// removed at once.
func (a *announcer) begin() (next announcement) {
	a.agentAt, a.zonesAt, a.removeAt = time.Time{}, time.Time{}, time.Time{}
	a.left, a.onlineAgain, a.announced, a.refused = nil, false, false, false
	if len(a.onlineTopics) == 0 {
		a.forget(&next)
	}
	return next
}

// subscribed takes the broker's answer to the subscription to the online topics. To
// a broker that refuses it nothing is announced: it might end the connection over
// a message that it does not allow.
func (a *announcer) subscribed(now time.Time, granted bool) (next announcement) {
	if a.refused = !granted; a.refused {
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
		a.addAgent(&next)
	}
	if due(&a.zonesAt, now) {
		a.beginZones(&next)
	} else {
		a.nextZones(&next)
	}
	if a.announced && a.prefix != "" && a.away != a.goesAway() {
		a.addAgent(&next)
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
			next.devices = append(next.devices, document(g.Discovery, a.documents.Whole(g)))
		}
	}
	for _, s := range a.boilers {
		if a.prefix != "" {
			next.devices = append(next.devices, document(a.prefix, a.documents.Source(s)))
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

// addAgent announces the agent's own device.
func (a *announcer) addAgent(next *announcement) {
	a.away = a.goesAway()
	next.devices = append(next.devices, document(a.prefix, a.documents.Agent(a.restart(), a.away)))
}

// goesAway reports whether there is a zone from which people can go away.
func (a *announcer) goesAway() bool {
	return slices.ContainsFunc(a.zones, func(z *zone) bool { return z.goesAway() })
}

func (a *announcer) addZone(next *announcement, z *zone) {
	next.zones = append(next.zones, z)
	if a.prefix != "" {
		next.devices = append(next.devices, a.zoneDocument(z))
	}
}

// zoneDocument announces a zone with what it offers now.
func (a *announcer) zoneDocument(z *zone) outgoing {
	a.offers[z] = z.offer()
	return document(a.prefix, a.documents.Zone(z.spec, a.offers[z]))
}

// beforeState gives what Home Assistant must hear before the zone's next state, for which
// it would not know the mode or the preset. Until the zone is announced on this connection
// a state with a mode that was not offered before waits.
func (a *announcer) beforeState(z *zone) (again []outgoing, wait bool) {
	if a.prefix == "" || a.refused {
		return nil, false
	}
	was, known := a.offers[z]
	switch is := z.offer(); {
	case known && is == was:
	case known && a.announced:
		return []outgoing{a.zoneDocument(z)}, false
	default:
		return nil, z.telemetry.showsBoth() && !was.Both || z.telemetry.latest.Target.Auto && !was.Auto
	}
	return nil, false
}

// document is the message that announces a device.
func document(prefix string, d homeassistant.Device) outgoing {
	return outgoing{d.Config(prefix), wire.JSON(d), 1, false}
}

// retract takes back from Home Assistant what is gone.
func (a *announcer) retract(next *announcement) {
	for _, g := range a.gone {
		if g.Discovery != "" {
			next.removed = append(next.removed, document(g.Discovery, a.documents.Removal(g)))
		}
	}
}

// wipe clears what we retained of zones and sources that are no more.
func (a *announcer) wipe(next *announcement) {
	for _, g := range a.gone {
		if a.kept[g.Anywhere()] {
			continue
		}
		for _, topic := range g.Retained(a.topics) {
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
