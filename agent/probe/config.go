package probe

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"

	"thermostat/drivers"
	"thermostat/drivers/survey"
)

// usualLine is the line that is proposed first.
const usualLine = "GPIO17"

const proposalHead = `# Made by thermostat probe. Nothing heats until a setpoint asks for it.
# After each change: thermostat check --config FILE
device: %s # part of every MQTT topic; any name that no other device has
mqtt:
  brokers: [] # none; for example ["mqtts://broker.lan:8883", "mqtt://192.168.1.2:1883"], tried in order
%s# A relay board that is on while its input is high (active_low: false) belongs on one of GPIO9 to GPIO27: they pull down
# at reset, so it stays off until the agent runs. One that is on while its input is low (active_low: true, as most boards
# with optocouplers are) belongs on GPIO5 or GPIO6, which pull up.
`

// proposalExample is for a board on which no sensor was found.
const proposalExample = `zones: [] # no sensor was found; with one, put these in place of this line, without their #
# zones:
#   - name: room-1
#     plant: boiler # or electric, heat_pump, floor, fridge, fermenter
#     sensor: {driver: ds18b20, id: 28-0316a2795bff} # or {driver: bme280, bus: 1, address: 0x76}
#     heater: {driver: gpio, line: %s, active_low: false}
#     default_setpoint: {mode: off} # for example {mode: heat, desired: 19}
`

const proposalZone = `  - name: room-%d
    plant: boiler # or electric, heat_pump, floor, fridge, fermenter: sets limits and times
    sensor: %s # %s
    heater: {driver: gpio, line: %s, active_low: false}%s
    default_setpoint: {mode: off} # to heat without MQTT: {mode: heat, desired: 19}
`

// proposal is a configuration for what was found: a zone for each sensor. All
// of them are off, since nobody has looked yet at what hangs on the relays.
// page is its part about the page; empty leaves the page as it is by default.
func proposal(s survey.Board, page string) string {
	var b strings.Builder
	fmt.Fprintf(&b, proposalHead, deviceName(s), page)
	sensors := foundSensors(s)
	lines, doubt := s.RelayLines()
	if len(sensors) == 0 {
		fmt.Fprintf(&b, proposalExample, lines[0].Line)
		return b.String()
	}
	if doubt != "" {
		doubt = " # not sure: " + doubt
	}
	b.WriteString("zones:\n")
	for _, k := range s.Kernel {
		if k.Needs() {
			fmt.Fprintf(&b, "  # {driver: kernel, device: %s} needs more: %s\n", k.Device, k.Answer.Text)
		}
	}
	for i, sensor := range sensors {
		if i >= len(lines) {
			fmt.Fprintf(&b, "  # no line is left for a relay with %s\n", sensor.spec)
			continue
		}
		fmt.Fprintf(&b, proposalZone, i+1, sensor.spec, sensor.note, lines[i].Line, doubt)
	}
	return b.String()
}

// foundSensor is a sensor as the configuration names it.
type foundSensor struct {
	spec string // {driver: …}
	note string // what it showed, so that its owner knows it again
}

func foundSensors(s survey.Board) []foundSensor {
	var all []foundSensor
	for _, k := range s.Kernel {
		spec := "{driver: kernel, device: " + k.Device
		if !k.Checked {
			spec += ", unchecked: true"
		}
		if !k.Needs() {
			all = append(all, foundSensor{spec + "}", note(k.Answer)})
		}
	}
	for _, t := range s.Thermometers {
		all = append(all, foundSensor{fmt.Sprintf("{driver: ds18b20, id: %s}", t.ID), note(t.Answer)})
	}
	for _, b := range s.Buses {
		for _, c := range b.Chips {
			if !c.Held && drivers.SensorDriverOf(c.Chip).Name != "" {
				all = append(all, foundSensor{fmt.Sprintf("{driver: %s, bus: %d, address: %#x}", c.Chip, b.Number, c.Address), note(c.Answer)})
			}
		}
	}
	return all
}

func note(a survey.Answer) string {
	if a.Reading == nil {
		return fmt.Sprintf("no temperature when probed: %s", a.Verdict)
	}
	return fmt.Sprintf("%.1f °C when probed", a.Reading.Celsius)
}

// deviceName is one that no other device has: two of one name would obey the
// same controls.
func deviceName(s survey.Board) string {
	if s.Unique != "" {
		return "thermostat-" + s.Unique
	}
	for _, t := range s.Thermometers {
		return "thermostat-" + t.ID[len(t.ID)-6:]
	}
	word := make([]byte, 3)
	_, _ = rand.Read(word) // never fails
	return "thermostat-" + hex.EncodeToString(word)
}
