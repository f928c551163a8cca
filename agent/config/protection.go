package config

import (
	"strconv"

	"thermostat/agent/config/plain"
	"thermostat/agent/config/plant"
	"thermostat/agent/config/yamltree"
	"thermostat/controlloop/slope"
)

// takeFrost gives a zone the frost protection that its file asks for, if it can have it.
func takeFrost(r *reader, n *node, z *zoneOfFile, unread badKeys) {
	at := n.Child("frost")
	if at == nil || unread.has("frost") || len(unread.below("frost")) > 0 {
		return
	}
	if err := z.frost.Refuse(z.Params, plant.Of(z.Plant).Goods); err != nil {
		r.complain(at, "%v", err)
		return
	}
	z.Comfort.Frost = z.frost
}

// wrongSlope says what is wrong with a slope; empty: nothing.
func wrongSlope(_ *reader, text string) string {
	if text == "off" || text == "auto" {
		return ""
	}
	if x, err := strconv.ParseFloat(text, 64); err != nil || !plain.Decimal.MatchString(text) || !(0.5 <= x && x <= 60) {
		return Shown(text) + " is none of off, auto, and a number of 0.5..60 K/h"
	}
	return ""
}

// takeWindow gives a zone what finds its open windows. A simulated contact is at a window
// of the zone's simulated room.
func takeWindow(r *reader, n *node, z *zoneOfFile, unread badKeys) {
	at := n.Child("window")
	if at == nil || at.Kind != yamltree.Mapping || len(unread.below("window")) > 0 {
		return
	}
	w, contact := &z.window, z.window.contact
	w.Contact, w.BySlope, w.Slope = contact != nil && contact.Driver != "", w.slope != "off", slope.Params{Max: w.Max, Speed: z.Params.Speed}
	w.Slope.Threshold, _ = strconv.ParseFloat(w.slope, 64) // auto: 0
	switch {
	case contact == nil && !w.BySlope:
		r.complain(at, "needs a contact, or slope: auto")
		return
	case contact != nil && contact.IsSimulated() && z.Devices.Sensor.Driver != "" && !z.Devices.Sensor.IsSimulated():
		r.complain(at.Child("contact"), "a simulated contact needs a simulated sensor, at whose room's window it is")
		return
	}
	warnOfSlope(r, at.Child("slope"), z)
	if z.Comfort.Window = w.Window; w.Contact {
		z.Devices.Contact = contact
	}
}

// warnOfSlope tells where a slope shows no window, and what does.
func warnOfSlope(r *reader, at *node, z *zoneOfFile) {
	sensor := z.Devices.Sensor
	slow := z.Plant == "floor" || z.Plant == "heat_pump"
	const instead = ": a contact does, such as one of Zigbee for 10 to 15 €, or a reed contact on a GPIO line for 2 €"
	switch {
	case !z.window.BySlope || at == nil:
	case sensor.Driver == "ds18b20" && (sensor.DS18B20.Resolution == 9 || sensor.DS18B20.Resolution == 10) && slow:
		r.warn(at, "steps of a thermometer of 9 or 10 bits are too coarse to show a window in a massive room"+instead)
	case sensor.IsSimulated() && sensor.Simulated.Model == "timber":
		r.warn(at, "a light timber house cools about as fast without a window as with one, so none is found"+instead)
	}
}
