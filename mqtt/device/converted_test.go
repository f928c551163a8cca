package device

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// recording is a file of testdata: what a device's own code or a posted document
// says, step by step. zigbee2mqtt/ is made by converters/make.js, posted/ by hand.
type recording struct{ Steps []step }

// step is what happened, and what was published then.
type step struct {
	Waits     int             // seconds
	Celsius   json.RawMessage // what the device has measured; null: nothing that counts; empty: nothing
	Told      string          // the topic on which the device was told something
	Payload   string          // what it was told
	Sent      []string        // the Zigbee commands that Zigbee2MQTT made of it
	Published []struct {
		Topic   string
		Payload json.RawMessage // a text, or JSON as it is
	}
}

func readRecording(t *testing.T, name string) (r recording) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil || len(r.Steps) == 0 {
		t.Fatal(name, err)
	}
	return r
}

// bytesOf gives a payload as it is on the wire.
func bytesOf(payload json.RawMessage) []byte {
	var text string
	if json.Unmarshal(payload, &text) == nil {
		return []byte(text)
	}
	return payload
}

// convertedSensors are the sensors of testdata, each with what becomes of its
// messages: the temperature in °C and the humidity, - where nothing is taken and
// nothing told, or the fault.
var convertedSensors = []struct {
	file  string
	spec  SensorSpec
	wants string // one a message
	kept  bool   // the first message comes as what the broker had retained
	other bool   // it is not the temperature that the recording means
}{
	{file: "zigbee2mqtt/aqara-wsdcgq11lm", spec: zigbee("aqara-wsdcgq11lm"), wants: "21.53 | 21.53 49% | 21.53 49% | 21.60 49%"},
	{file: "zigbee2mqtt/sonoff-snzb-02", spec: zigbee("sonoff-snzb-02"), wants: "1 message without `temperature` | 2 messages without `temperature` | 20.94 50% | 20.94 50%"},
	{file: "zigbee2mqtt/sonoff-snzb-02d", spec: zigbee("sonoff-snzb-02d"), wants: "20.20 | write unit: F or unit: C | write unit: F or unit: C | 20.30"},
	{file: "zigbee2mqtt/sonoff-snzb-02d", spec: inCelsius(zigbee("sonoff-snzb-02d")), wants: "20.20 | 20.20 | 20.30 | 20.30"},
	{file: "zigbee2mqtt/ikea-e2112", spec: zigbee("ikea-e2112"), wants: "22.00 | 22.00 41% | 22.00 41%"},
	{file: "zigbee2mqtt/philips-9290012607", spec: zigbee("philips-9290012607"), wants: "1 message without `temperature` | 19.42 | 19.42"},
	{file: "zigbee2mqtt/tuya-ts0201", spec: zigbee("tuya-ts0201"), wants: "23.10 | 23.10 6% | 23.10 6%"},
	{file: "zigbee2mqtt/tuya-zth05", spec: zigbee("tuya-zth05"), wants: "21.50 | 21.50 44% | 21.50 44% | 21.50 44% | 21.60 44% | write unit: F or unit: C"},
	{file: "zigbee2mqtt/tuya-zth05", spec: inCelsius(zigbee("tuya-zth05")), wants: "21.50 | 21.50 44% | 21.50 44% | 21.50 44% | 21.60 44% | 21.60 44%"},
	{file: "zigbee2mqtt/tuya-tz-zt01", spec: zigbee("tuya-tz-zt01"), wants: "20.10 | 20.10 | 20.10 51%"},
	{file: "zigbee2mqtt/tuya-tz-zt01", spec: SensorSpec{Topic: "zigbee2mqtt/tuya-tz-zt01", Field: "temperature_probe"}, wants: `one of "temperature" | 35.20 | 35.20`, other: true},
	{file: "zigbee2mqtt/third-reality-3rths24bz", spec: zigbee("third-reality-3rths24bz"), wants: "18.76 | 18.76 56% | 18.76 56%"},
	{file: "zigbee2mqtt/develco-hmszb-110", spec: zigbee("develco-hmszb-110"), wants: "20.68 | 20.68 40% | 20.68 40%"},
	{file: "zigbee2mqtt/xiaomi-lywsd03mmc-z", spec: zigbee("xiaomi-lywsd03mmc-z"), wants: "21.07 | 21.07 47% | 21.07 47% | 21.07 47%"},
	{file: "zigbee2mqtt/danfoss-014g2461", spec: zigbee("danfoss-014g2461"), wants: `one of "local_temperature" | one of "local_temperature" | one of "local_temperature" | one of "local_temperature" | one of "local_temperature" | one of "local_temperature"`},
	{file: "zigbee2mqtt/danfoss-014g2461", spec: valve("danfoss-014g2461"), wants: "20.94 | 20.94 | 20.94 | 20.94 | 20.94 | 20.94"},
	{file: "zigbee2mqtt/eurotronic-spzb0001", spec: valve("eurotronic-spzb0001"), wants: "21.50 | 21.50 | 21.50 | 21.50"},
	{file: "zigbee2mqtt/bosch-bth-ra", spec: zigbee("bosch-bth-ra"), wants: `one of "local_temperature" | one of "local_temperature" | one of "local_temperature", "remote_temperature"`},
	{file: "zigbee2mqtt/bosch-bth-ra", spec: valve("bosch-bth-ra"), wants: "19.87 | 19.87 | 19.87"},
	{file: "zigbee2mqtt/sonoff-trvzb", spec: valve("sonoff-trvzb"), wants: "20.10 | 20.10 | 20.10 | 20.10 | 20.10 | 20.10 | 20.10 | 20.10"},
	{file: "zigbee2mqtt/aqara-srts-a01", spec: valve("aqara-srts-a01"), wants: "22.31 | 22.31"},
	{file: "zigbee2mqtt/moes-brt-100", spec: valve("moes-brt-100"), wants: "19.50 | 19.50 | 19.50 | 19.50"},
	{file: "zigbee2mqtt/last-seen-disabled", spec: zigbee("sonoff-snzb-02d"), wants: "1 message without `temperature` | 21.50 48% | 21.50 47% | 21.70 47% | 21.70 47% | 21.70 47% | 21.70 47%"},
	{file: "zigbee2mqtt/last-seen-iso-8601", spec: zigbee("sonoff-snzb-02d"), wants: "1 message without `temperature` | 21.50 48% | 21.50 47% | 21.70 47% | - | 21.70 47% | -"},
	{file: "zigbee2mqtt/last-seen-iso-8601-local", spec: zigbee("sonoff-snzb-02d"), wants: "1 message without `temperature` | 21.50 48% | 21.50 47% | 21.70 47% | - | 21.70 47% | -"},
	{file: "zigbee2mqtt/last-seen-epoch", spec: zigbee("sonoff-snzb-02d"), wants: "1 message without `temperature` | 21.50 48% | 21.50 47% | 21.70 47% | - | 21.70 47% | -"},
	{file: "zigbee2mqtt/cache-off", spec: zigbee("sonoff-snzb-02d"), wants: "1 message without `temperature` | 21.50 | - | 21.70 | - | - | 21.70"},
	{file: "zigbee2mqtt/start", spec: zigbee("sonoff-snzb-02d"), wants: "12.50 40% | 21.50 40%", other: true},
	{file: "zigbee2mqtt/update", spec: zigbee("sonoff-snzb-02d"), wants: "21.50 | 21.50 | 21.50 | 21.60"},
	{file: "zigbee2mqtt/availability", spec: zigbee("sonoff-snzb-02d"), wants: "21.50"},
	{file: "zigbee2mqtt/availability", spec: zigbee("sonoff-snzb-02d/availability"), wants: "1 message without `temperature` | 2 messages without `temperature`"},
	{file: "zigbee2mqtt/attributes", spec: zigbee("sonoff-snzb-02d"), wants: "21.50"},
	{file: "zigbee2mqtt/attributes", spec: zigbee("sonoff-snzb-02d/temperature"), wants: "21.50"},
	{file: "zigbee2mqtt/device-information", spec: zigbee("sonoff-snzb-02d"), wants: "21.50"},
	{file: "zigbee2mqtt/calibrated", spec: zigbee("sonoff-snzb-02d"), wants: "21.00"},
	{file: "zigbee2mqtt/filtered", spec: zigbee("sonoff-snzb-02d"), wants: "1 message without `temperature` | 2 messages without `temperature`"},
	{file: "zigbee2mqtt/retain", spec: zigbee("sonoff-snzb-02d"), wants: "21.50 | 21.50 48%"},
	{file: "zigbee2mqtt/retain", spec: zigbee("sonoff-snzb-02d"), wants: "21.50 °C was kept by the broker | 21.50 48%", kept: true},

	{file: "posted/zigbee2mqtt-tenths", spec: valve("moes"), wants: "2.40", other: true},
	{file: "posted/tasmota-ds18b20", spec: SensorSpec{Topic: "tele/tasmota/SENSOR"}, wants: `one of "DS18B20.Temperature" | one of "ANALOG.Temperature", "DS18B20.Temperature" | one of "DS18B20.Temperature"`},
	{file: "posted/tasmota-ds18b20", spec: SensorSpec{Topic: "tele/tasmota/SENSOR", Field: "DS18B20.Temperature"}, wants: "20.60 | 24.20 | 20.90"},
	{file: "posted/tasmota-several", spec: SensorSpec{Topic: "tele/tasmota/SENSOR"}, wants: `one of "DS18B20-1.Temperature", "DS18B20-2.Temperature", "DS18B20-3.Temperature" | one of "DS18B20.Temperature" | one of "DS18B20-1.Temperature", "DS18B20-2.Temperature"`},
	{file: "posted/tasmota-several", spec: SensorSpec{Topic: "tele/tasmota/SENSOR", Field: "DS18B20-1.Temperature"}, wants: "13.30 | - | name this zone's sensor with where", other: true},
	{file: "posted/tasmota-several", spec: SensorSpec{Topic: "tele/tasmota/SENSOR", Field: "DS18B20-1.Temperature", Where: map[string]string{"Id": "00000566CC39"}}, wants: "13.30 | 13.40 | -"},
	{file: "posted/tasmota-fahrenheit", spec: SensorSpec{Topic: "tele/tasmota/SENSOR", Field: "SI7021.Temperature", HumidityField: "SI7021.Humidity"}, wants: "20.56 28%"},
	{file: "posted/tasmota-fahrenheit", spec: SensorSpec{Topic: "stat/tasmota/STATUS8", Field: "StatusSNS.DS18B20-1.Temperature"}, wants: "6.83"},
	{file: "posted/tasmota-am2301", spec: SensorSpec{Topic: "tele/tasmota/SENSOR", Field: "AM2301.Temperature", HumidityField: "AM2301.Humidity"}, wants: `24.60 58% | 31.40 35% | field AM2301.Temperature: "null" is not a number | "OFF,\"AM2301\":{\"Temperature\":31.2,\"Humidi…" is neither a number nor JSON | not JSON: invalid character 'a' in literal null (expecting 'u')`},
	{file: "posted/tasmota-zigbee", spec: SensorSpec{Topic: "tele/zbbridge/SENSOR", Field: "ZbReceived.0x2916.Temperature", HumidityField: "ZbReceived.0x2916.Humidity"}, wants: "25.72 48% | 26.27 | -"},
	{file: "posted/tasmota-bluetooth", spec: SensorSpec{Topic: "tele/tasmota/SENSOR", Field: "LYWSD03-52680f.Temperature", HumidityField: "LYWSD03-52680f.Humidity"}, wants: "21.10 58%"},
	{file: "posted/shelly-1", spec: SensorSpec{Topic: "shellies/shelly1-AABBCC/ext_temperature/0"}, wants: "47.69 | 47.50 | 999.00", other: true},
	{file: "posted/shelly-1", spec: SensorSpec{Topic: "shellies/shelly1-AABBCC/ext_temperature_f/0"}, wants: "write unit: F or unit: C | write unit: F or unit: C"},
	{file: "posted/shelly-1", spec: SensorSpec{Topic: "shellies/shelly1-AABBCC/ext_temperature_f/0", Unit: "F"}, wants: "47.69 | 47.50"},
	{file: "posted/shelly-1", spec: SensorSpec{Topic: "shellies/shelly1-AABBCC/relay/0"}, wants: `"off" is neither a number nor JSON | "on" is neither a number nor JSON | "off" is neither a number nor JSON | "overpower" is neither a number nor JSON`},
	{file: "posted/shelly-ht", spec: SensorSpec{Topic: "shellies/hall/sensor/temperature"}, wants: "22.45"},
	{file: "posted/shelly-gen2-addon", spec: SensorSpec{Topic: "shellyplus1-aabbcc/status/temperature:100"}, wants: "one of \"tC\", \"tF\" | 2 messages without `temperature`"},
	{file: "posted/shelly-gen2-addon", spec: SensorSpec{Topic: "shellyplus1-aabbcc/status/temperature:100", Field: "tC"}, wants: `21.50 | field tC: "null" is not a number`},
	{file: "posted/shelly-gen2-addon", spec: SensorSpec{Topic: "shellyplus1-aabbcc/status/temperature:100", Field: "tF"}, wants: `21.50 | field tF: "null" is not a number`},
	{file: "posted/shelly-gen2-ht", spec: SensorSpec{Topic: "shellyplusht-aabbcc/status/temperature:0", Field: "tC"}, wants: "19.80"},
	{file: "posted/shelly-gen2-ht", spec: SensorSpec{Topic: "shellyplusht-aabbcc/events/rpc", Field: "params.temperature:0.tC", HumidityField: "params.humidity:0.rh"}, wants: "19.80 42%"},
	{file: "posted/shelly-gen2-relay", spec: SensorSpec{Topic: "shellyplus1-aabbcc/status/switch:0"}, wants: `field temperature: "{\"tC\":34.8,\"tF\":94.7}" is not a number | field temperature: "{\"tC\":47.4,\"tF\":117.4}" is not a number`},
	{file: "posted/esphome", spec: SensorSpec{Topic: "bedroom/sensor/temperature/state"}, wants: `20.00 | "nan" is not a number`},
	{file: "posted/esphome", spec: SensorSpec{Topic: "bedroom/status"}, wants: `"offline" is neither a number nor JSON`},
	{file: "posted/rtl433", spec: SensorSpec{Topic: "rtl_433/pi/events", Field: "temperature_C", HumidityField: "humidity"}, wants: "22.80 66% | name this zone's sensor with where | name this zone's sensor with where"},
	{file: "posted/rtl433", spec: SensorSpec{Topic: "rtl_433/pi/events", Field: "temperature_C", HumidityField: "humidity", Where: map[string]string{"id": "9884"}}, wants: "22.80 66% | - | -"},
	{file: "posted/rtl433-channels", spec: SensorSpec{Topic: "rtl_433/pi/events", Field: "temperature_C"}, wants: "15.10 | name this zone's sensor with where"},
	{file: "posted/rtl433-channels", spec: SensorSpec{Topic: "rtl_433/pi/events", Field: "temperature_C", Where: map[string]string{"id": "5", "channel": "1"}}, wants: "15.10 | -"},
	{file: "posted/rtl433-fahrenheit", spec: SensorSpec{Topic: "rtl_433/pi/events"}, wants: `one of "temperature_F" | one of "temperature_F"`},
	{file: "posted/rtl433-fahrenheit", spec: SensorSpec{Topic: "rtl_433/pi/events", Field: "temperature_F", Where: map[string]string{"id": "648"}}, wants: "2.33 | -"},
	{file: "posted/rtl433-devices", spec: SensorSpec{Topic: "rtl_433/pi/devices/Acurite-Tower/B/9884/temperature_C"}, wants: "22.80"},
	{file: "posted/rtl433-devices", spec: SensorSpec{Topic: "rtl_433/pi/devices/Acurite-515/AR/648/temperature_F"}, wants: "write unit: F or unit: C"},
	{file: "posted/rtl433-devices", spec: SensorSpec{Topic: "rtl_433/pi/devices/Acurite-515/AR/648/temperature_F", Unit: "F"}, wants: "2.33"},
	{file: "posted/openmqttgateway-ble", spec: SensorSpec{Topic: "home/OpenMQTTGateway/BTtoMQTT/AABBCCDDEEFF"}, wants: "one of \"tempc\", \"tempf\" | 2 messages without `temperature` | one of \"tempc\", \"tempf\""},
	{file: "posted/openmqttgateway-ble", spec: SensorSpec{Topic: "home/OpenMQTTGateway/BTtoMQTT/AABBCCDDEEFF", Field: "tempc", HumidityField: "hum"}, wants: "17.60 63% | - | 19.20 53%"},
	{file: "posted/openmqttgateway-ble", spec: SensorSpec{Topic: "home/OpenMQTTGateway/BTtoMQTT/AABBCC800021", Field: "tempf", HumidityField: "hum"}, wants: "26.30 49%"},
	{file: "posted/openmqttgateway-wired", spec: SensorSpec{Topic: "home/OpenMQTTGateway/CLIMAtoMQTT/ds1820/0x28616411907650bc", Field: "temp"}, wants: "27.80 | 27.80"},
	{file: "posted/openmqttgateway-wired", spec: SensorSpec{Topic: "home/OpenMQTTGateway/DHTtoMQTT", Field: "temp", HumidityField: "hum"}, wants: "21.00 51%"},
	{file: "posted/openmqttgateway-wired", spec: SensorSpec{Topic: "home/OpenMQTTGateway/CLIMAtoMQTT/htu", Field: "tempc", HumidityField: "hum"}, wants: "25.34 57%"},
	{file: "posted/homeassistant-statestream", spec: SensorSpec{Topic: "homeassistant_state/sensor/kitchen_temperature/state"}, wants: `22.45 | "unavailable" is neither a number nor JSON | "unknown" is neither a number nor JSON`},
	{file: "posted/zwave-js-ui", spec: SensorSpec{Topic: "zwave/106/49/9/Air_temperature"}, wants: `one of "value" | one of "value"`},
	{file: "posted/zwave-js-ui", spec: SensorSpec{Topic: "zwave/106/49/9/Air_temperature", Field: "value"}, wants: "10.50 | 22.70"},
	{file: "posted/ems-esp", spec: SensorSpec{Topic: "ems-esp/thermostat_data"}, wants: "one of \"hc1.currtemp\", \"hc2.currtemp\" | 2 messages without `temperature`"},
	{file: "posted/ems-esp", spec: SensorSpec{Topic: "ems-esp/thermostat_data", Field: "hc1.currtemp"}, wants: "20.60 | -"},
}

// What Zigbee2MQTT sends a device that knows on_time (in tenths of a second), and one to go off.
const (
	onFor60s = `endpoint 1: genOnOff.onWithTimedOff {"ctrlbits":0,"ontime":600,"offwaittime":0}`
	off      = `endpoint 1: genOnOff.off {}`
)

// convertedRelays are the relays of testdata, each with what its messages say of its
// position, and with what Zigbee2MQTT sends it for On and Off; empty: the
// recording has no such command, or the device is none of Zigbee.
var convertedRelays = []struct {
	file    string
	spec    RelaySpec
	wants   string // each that is another than the last one
	on, off string
}{
	{file: "zigbee2mqtt/ikea-e1603", spec: timed("ikea-e1603"), wants: "on | off", on: onFor60s, off: off},
	{file: "zigbee2mqtt/innr-sp-120", spec: timed("innr-sp-120"), wants: "on | off", on: onFor60s, off: off},
	{file: "zigbee2mqtt/unreachable", spec: timed("innr-sp-120"), wants: "on"},
	{file: "zigbee2mqtt/xiaomi-zncz02lm", spec: timed("xiaomi-zncz02lm"), wants: "on | off", on: onFor60s, off: off},
	{file: "zigbee2mqtt/sonoff-s26r2zb", spec: timed("sonoff-s26r2zb"), wants: "on | off", on: onFor60s, off: off},
	{file: "zigbee2mqtt/third-reality-3rsp02028bz", spec: timed("third-reality-3rsp02028bz"), wants: "on | off | on", on: onFor60s, off: off},
	{file: "zigbee2mqtt/tuya-ts011f", spec: timed("tuya-ts011f"), wants: "on | off | on | off | on", on: `endpoint 1: genOnOff.on {}`, off: off},
	{file: "zigbee2mqtt/tuya-ts011f", spec: plug("tuya-ts011f", `{"state":"ON","countdown":60}`), wants: "on | off | on | off | on", on: `endpoint 1: genOnOff.on {}; endpoint 1: genOnOff.onWithTimedOff {"ctrlbits":0,"ontime":60,"offwaittime":60}`, off: off},
	{file: "zigbee2mqtt/tuya-ts0601-switch", spec: timed("tuya-ts0601-switch"), wants: "on | off | on | off", on: `endpoint 1: manuSpecificTuya.dataRequest {"seq":0,"dpValues":[{"dp":1,"datatype":1,"data":"01"}]}`, off: `endpoint 1: manuSpecificTuya.dataRequest {"seq":1,"dpValues":[{"dp":1,"datatype":1,"data":"00"}]}`},
	{file: "zigbee2mqtt/aqara-llkzmk11lm", spec: timed("aqara-llkzmk11lm"), wants: "no `state`; write as state_field the right one of \"state_l1\" | no `state`; write as state_field the right one of \"state_l1\", \"state_l2\""},
	{file: "zigbee2mqtt/aqara-llkzmk11lm", spec: RelaySpec{Topic: "zigbee2mqtt/aqara-llkzmk11lm/l1/set", On: `{"state":"ON","on_time":60}`, Off: `{"state":"OFF"}`, StateTopic: "zigbee2mqtt/aqara-llkzmk11lm", StateField: "state_l1"}, wants: "on | off", on: onFor60s, off: off},
	{file: "zigbee2mqtt/aqara-llkzmk11lm", spec: RelaySpec{Topic: "zigbee2mqtt/aqara-llkzmk11lm/set", On: `{"state_l1":"ON","on_time_l1":60}`, Off: `{"state_l1":"OFF"}`, StateTopic: "zigbee2mqtt/aqara-llkzmk11lm", StateField: "state_l1"}, wants: "on | off", on: onFor60s, off: off},
	{file: "zigbee2mqtt/sonoff-trvzb", spec: timed("sonoff-trvzb"), wants: "no `state`"},
	{file: "zigbee2mqtt/sonoff-trvzb", spec: trvzb("system_mode"), wants: "no `system_mode` | on | off", on: `endpoint 1: write hvacThermostat systemMode=4`, off: `endpoint 1: write hvacThermostat systemMode=0`},
	{file: "zigbee2mqtt/sonoff-trvzb", spec: trvzb("running_state"), wants: "no `running_state` | \"heat\", which is neither on nor off | \"idle\", which is neither on nor off", on: `endpoint 1: write hvacThermostat systemMode=4`, off: `endpoint 1: write hvacThermostat systemMode=0`},
	{file: "posted/tasmota-relay", spec: RelaySpec{Topic: "cmnd/tasmota/POWER", On: "ON", Off: "OFF", StateTopic: "stat/tasmota/POWER"}, wants: "on | off"},
	{file: "posted/tasmota-relay", spec: RelaySpec{Topic: "cmnd/tasmota/POWER", On: "ON", Off: "OFF", StateTopic: "stat/tasmota/RESULT"}, wants: "no `state`; write as state_field the right one of \"POWER\""},
	{file: "posted/tasmota-relay", spec: RelaySpec{Topic: "cmnd/tasmota/POWER", On: "ON", Off: "OFF", StateTopic: "stat/tasmota/RESULT", StateField: "POWER"}, wants: "on | off"},
	{file: "posted/tasmota-relay", spec: RelaySpec{Topic: "cmnd/tasmota/POWER", On: "ON", Off: "OFF", StateTopic: "tele/tasmota/STATE", StateField: "POWER"}, wants: "on"},
	{file: "posted/shelly-1", spec: RelaySpec{Topic: "shellies/shelly1-AABBCC/relay/0/command", On: "on", Off: "off", StateTopic: "shellies/shelly1-AABBCC/relay/0"}, wants: `off | on | off | "overpower", which is neither on nor off`},
	{file: "posted/shelly-gen2-relay", spec: shellyGen2("state"), wants: "no `state`; write as state_field the right one of \"output\""},
	{file: "posted/shelly-gen2-relay", spec: shellyGen2("output"), wants: "on | off"},
	{file: "posted/esphome", spec: RelaySpec{Topic: "bedroom/switch/heater/command", On: "ON", Off: "OFF", StateTopic: "bedroom/switch/heater/state"}, wants: "on | off"},
	{file: "posted/esphome", spec: RelaySpec{Topic: "bedroom/switch/heater/command", On: "ON", Off: "OFF", StateTopic: "bedroom/status"}, wants: `"offline", which is neither on nor off`},
}

// plug is a plug of Zigbee2MQTT.
func plug(name, on string) RelaySpec {
	return RelaySpec{Topic: "zigbee2mqtt/" + name + "/set", On: on, Off: `{"state":"OFF"}`, StateTopic: "zigbee2mqtt/" + name}
}

// timed is one that is to end an On by its own timer.
func timed(name string) RelaySpec { return plug(name, `{"state":"ON","on_time":60}`) }

// trvzb is a radiator's valve in the place of a relay.
func trvzb(field string) RelaySpec {
	return RelaySpec{Topic: "zigbee2mqtt/sonoff-trvzb/set", On: `{"system_mode":"heat"}`, Off: `{"system_mode":"off"}`, StateTopic: "zigbee2mqtt/sonoff-trvzb", StateField: field}
}

func shellyGen2(field string) RelaySpec {
	return RelaySpec{
		Topic: "shellyplus1-aabbcc/rpc",
		On:    `{"id":1,"src":"t","method":"Switch.Set","params":{"id":0,"on":true,"toggle_after":60}}`, Off: `{"id":1,"src":"t","method":"Switch.Set","params":{"id":0,"on":false}}`,
		StateTopic: "shellyplus1-aabbcc/status/switch:0", StateField: field,
	}
}

func zigbee(name string) SensorSpec {
	return SensorSpec{Topic: "zigbee2mqtt/" + name, HumidityField: "humidity"}
}

func valve(name string) SensorSpec {
	return SensorSpec{Topic: "zigbee2mqtt/" + name, Field: "local_temperature"}
}

func inCelsius(s SensorSpec) SensorSpec {
	s.Unit = "C"
	return s
}

// TestWhatDevicesSayIsTakenOrRefusedWithTheReason: each message of a recording is
// taken with the temperature that its device has measured, or its refusal says what
// to write.
func TestWhatDevicesSayIsTakenOrRefusedWithTheReason(t *testing.T) {
	for _, row := range convertedSensors {
		row.spec.StaleAfter = time.Hour
		e := &ear{t, newSensor(row.spec), time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)}
		wants := strings.Split(row.wants, " | ")
		measured, n := math.NaN(), 0
		for _, step := range readRecording(t, row.file).Steps {
			e.now = e.now.Add(time.Duration(step.Waits) * time.Second)
			_ = json.Unmarshal(step.Celsius, &measured) // it stays where nothing is said
			for _, m := range step.Published {
				if m.Topic != row.spec.Topic {
					continue
				}
				e.now = e.now.Add(time.Second / 2)
				e.s.take(e.now, bytesOf(m.Payload), row.kept && n == 0)
				got, celsius := e.outcome()
				if n++; n > len(wants) || !meets(got, wants[n-1]) {
					t.Errorf("%s, field %q, message %d, %s: %q, want %q", row.file, row.spec.Field, n, m.Payload, got, wants[min(n, len(wants))-1])
				}
				if celsius != 0 && !(math.Abs(celsius-measured) < 0.005) && !row.other {
					t.Errorf("%s: %s is %v °C, but %v was measured", row.file, m.Payload, celsius, measured)
				}
			}
		}
		if n != len(wants) {
			t.Errorf("%s, field %q: %d messages on %s, want %d", row.file, row.spec.Field, n, row.spec.Topic, len(wants))
		}
	}
}

// outcome is what became of a message: temperature and humidity, the fault's text, or -.
func (e *ear) outcome() (text string, celsius float64) {
	select {
	case a := <-e.s.readings.C():
		switch r := a.reading; {
		case a.err != nil:
			return a.err.Error(), 0
		case math.IsNaN(r.Humidity):
			return fmt.Sprintf("%.2f", r.Celsius), r.Celsius
		default:
			return fmt.Sprintf("%.2f %.0f%%", r.Celsius, r.Humidity), r.Celsius
		}
	default:
		return "-", 0
	}
}

// meets compares numbers exactly; of a text it wants a part.
func meets(got, want string) bool {
	return got == want || strings.Trim(want, "-0123456789.% ") != "" && strings.Contains(got, want)
}

// TestRelaysAreToldAndHeardAsTheyMeanIt: of each message of a recording the position
// is known, or why it is not; and our commands are what the device obeys.
func TestRelaysAreToldAndHeardAsTheyMeanIt(t *testing.T) {
	for _, row := range convertedRelays {
		var heard []string
		told := map[string]string{}
		for _, step := range readRecording(t, row.file).Steps {
			if step.Told == row.spec.Topic {
				told[step.Payload] = strings.Join(step.Sent, "; ")
			}
			for _, m := range step.Published {
				if m.Topic == row.spec.StateTopic {
					heard = append(heard, positionIn(row.spec, bytesOf(m.Payload)))
				}
			}
		}
		if got := strings.Join(slices.Compact(heard), " | "); got != row.wants {
			t.Errorf("%s: %q, want %q", row.file, got, row.wants)
		}
		if on, off := told[row.spec.On], told[row.spec.Off]; on != row.on || off != row.off {
			t.Errorf("%s: On is sent as %q, want %q; Off as %q, want %q", row.file, on, row.on, off, row.off)
		}
	}
}

// positionIn is what one message says of a relay: on, off, or why that is not known.
func positionIn(spec RelaySpec, payload []byte) string {
	switch w, err := reportFrom(spec, time.Now(), payload, false); {
	case err != nil:
		return "no `" + spec.stateField() + "`" + hint("state_field", positionFields(payload))
	case w.position == posUnclear:
		return w.text
	default:
		return map[position]string{posOn: "on", posOff: "off"}[w.position]
	}
}

// TestEachRecordingIsRead: none of testdata lies there unread.
func TestEachRecordingIsRead(t *testing.T) {
	read := map[string]bool{}
	for _, row := range convertedSensors {
		read[row.file] = true
	}
	for _, row := range convertedRelays {
		read[row.file] = true
	}
	files, _ := filepath.Glob("testdata/[zp]*/*.json") // zigbee2mqtt and posted
	for _, file := range files {
		if name := strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(file), "testdata/"), ".json"); !read[name] {
			t.Errorf("no row reads %s", name)
		}
	}
	if len(files) < 60 {
		t.Errorf("%d recordings", len(files))
	}
}
