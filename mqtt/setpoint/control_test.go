package setpoint

import (
	"encoding/hex"
	"math"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/limits"
	pb "thermostat/proto"
)

// TestAControlMeansASetpointOrIsRefused: what a control means, or the word with which it is refused.
func TestAControlMeansASetpointOrIsRefused(t *testing.T) {
	heat := func(desired, up, down float64) controlloop.Setpoint {
		return controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: desired, UpDelta: up, DownDelta: down}
	}
	off := controlloop.Setpoint{Mode: controlloop.ModeOff, Desired: 19, UpDelta: 0.3, DownDelta: 0.3}
	wire := func(c *pb.TemperatureControl) string {
		payload, err := proto.Marshal(c)
		must(t, err)
		return string(payload)
	}
	f := proto.Float64
	for _, c := range []struct {
		name, payload string
		want          controlloop.Setpoint
		refused       string
	}{
		{name: "snake case", payload: `{"desired":21,"up_delta":0.4,"down_delta":0.6,"mode":"heat","sensor_id":7}`, want: heat(21, 0.4, 0.6)},
		{name: "protojson names", payload: `{"sensorID":7,"upDelta":0.4,"downDelta":0.6,"desired":2.1e1,"mode":"HEAT"}`, want: heat(21, 0.4, 0.6)},
		{name: "left out takes the default", payload: `{"desired":21}`, want: heat(21, 0.3, 0.3)},
		{name: "mode alone", payload: `{"mode":"off"}`, want: off},
		{name: "times and names", payload: `{"desired":21,"id":"a","source":"me","issued_at":"2026-01-01T00:00:00Z","expiresAt":"2099-01-01T00:00:00.5+01:00"}`, want: heat(21, 0.3, 0.3)},
		{name: "protobuf", payload: wire(&pb.TemperatureControl{SensorID: proto.Int32(7), Desired: f(21), UpDelta: f(0.4), DownDelta: f(0.6), Mode: pb.Mode_HEAT.Enum()}), want: heat(21, 0.4, 0.6)},
		{name: "the example's own bytes", payload: fromHex(t, "0807110000000000003540"), want: heat(21, 0.3, 0.3)},
		{name: "unknown fields are ignored", payload: wire(&pb.TemperatureControl{Desired: f(21)}) + fromHex(t, "f80101"), want: heat(21, 0.3, 0.3)},

		{name: "foreign sensor", payload: `{"desired":21,"sensor_id":8}`, refused: "sensor_id 8 is not this zone's 7"},
		{name: "sensor 0 is present", payload: `{"desired":21,"sensor_id":0}`, refused: "sensor_id 0 is not"},
		{name: "nothing said", payload: `{}`, refused: "neither desired nor mode"},
		{name: "nothing said in protobuf", payload: wire(&pb.TemperatureControl{SensorID: proto.Int32(7)}), refused: "neither desired nor mode"},
		{name: "too warm", payload: `{"desired":28.5}`, refused: "desired: 28.5 is outside 5..28 °C"},
		{name: "too cold", payload: `{"desired":4}`, refused: "desired: 4 is outside"},
		{name: "huge", payload: `{"desired":1e308}`, refused: "desired: 1e+308 is outside"},
		{name: "beyond huge", payload: `{"desired":1e999}`, refused: "not JSON"},
		{name: "NaN", payload: wire(&pb.TemperatureControl{Desired: f(math.NaN()), Mode: pb.Mode_OFF.Enum()}), refused: "NaN"},
		{name: "infinite", payload: wire(&pb.TemperatureControl{Desired: f(math.Inf(-1))}), refused: "desired: -Inf is outside"},
		{name: "NaN delta", payload: wire(&pb.TemperatureControl{Desired: f(21), UpDelta: f(math.NaN())}), refused: "up_delta: NaN is outside 0.05..10"},
		{name: "delta 0 is present", payload: `{"desired":21,"up_delta":0}`, refused: "up_delta: 0 is outside"},
		{name: "mode without its relay", payload: `{"desired":21,"mode":"cool"}`, refused: "needs a cooler"},
		{name: "unknown mode number", payload: wire(&pb.TemperatureControl{Mode: pb.Mode(9).Enum()}), refused: "mode 9 is unknown"},
		{name: "unknown mode word", payload: `{"mode":"warm"}`, refused: `mode "warm" is unknown`},
		{name: "mode as number", payload: `{"mode":2}`, refused: "is not a word"},
		{name: "number as text", payload: `{"desired":"21"}`, refused: "is not a number"},
		{name: "null", payload: `{"desired":null}`, refused: "is not a number"},
		{name: "unknown key", payload: `{"desired":21,"dezired":20}`, refused: `key "dezired" is unknown`},
		{name: "doubled key", payload: `{"desired":21,"desired":22}`, refused: "given twice"},
		{name: "doubled key in two spellings", payload: `{"desired":21,"up_delta":1,"upDelta":2}`, refused: "given twice"},
		{name: "two objects", payload: `{"desired":21}{"desired":22}`, refused: "something follows"},
		{name: "cut off", payload: `{"desired":21`, refused: "not JSON"},
		{name: "half a sensor", payload: `{"desired":21,"sensor_id":7.5}`, refused: "not a 32-bit whole number"},
		{name: "no time", payload: `{"desired":21,"expires_at":"tomorrow"}`, refused: "is not a time"},
		{name: "garbage", payload: "warmer please", refused: "neither a protobuf TemperatureControl nor JSON"},
		{name: "too long", payload: `{"id":"` + strings.Repeat("x", 64<<10) + `"}`, refused: "more than the 65536 allowed"},
		{name: "long name", payload: `{"desired":21,"id":"` + strings.Repeat("x", 129) + `"}`, refused: "128 bytes at most"},
	} {
		t.Run(c.name, func(t *testing.T) {
			control, err := DecodeControl([]byte(c.payload))
			var sp controlloop.Setpoint
			if err == nil {
				sp, err = testZone().Setpoint(control, false)
			}
			switch {
			case c.refused == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.refused == "" && !sp.SameTarget(c.want):
				t.Errorf("means %+v, want %+v", sp, c.want)
			case c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused)):
				t.Errorf("error %v, want %q", err, c.refused)
			}
		})
	}
}

func fromHex(t *testing.T, digits string) string {
	b, err := hex.DecodeString(digits)
	must(t, err)
	return string(b)
}

// TestAControlWithoutAModeMeansTheUsualOne: a control without a mode means the configured one, or what
// the zone is there for.
func TestAControlWithoutAModeMeansTheUsualOne(t *testing.T) {
	z := testZone()
	for _, c := range []struct {
		configured     controlloop.Mode
		heater, cooler bool
		want           controlloop.Mode
	}{
		{controlloop.ModeNone, true, false, controlloop.ModeHeat},
		{controlloop.ModeOff, true, true, controlloop.ModeHeat},
		{controlloop.ModeOff, false, true, controlloop.ModeCool},
		{controlloop.ModeHeatCool, true, true, controlloop.ModeHeatCool},
	} {
		z.Default.Mode, z.Params.Heater, z.Params.Cooler = c.configured, c.heater, c.cooler
		if got := z.usualMode(); got != c.want {
			t.Errorf("configured %v, heater %v, cooler %v: %v, want %v", c.configured, c.heater, c.cooler, got, c.want)
		}
	}
}

// TestAnOwnControlIsReadAsWhatWasActive: what we say again is read as what was obeyed.
func TestAnOwnControlIsReadAsWhatWasActive(t *testing.T) {
	z := testZone()
	for _, sp := range []controlloop.Setpoint{
		{Mode: controlloop.ModeHeat, Desired: 21.37, UpDelta: 0.1, DownDelta: 0.2, Source: "page", ID: "w/1"},
		{Mode: controlloop.ModeOff, Desired: 21, UpDelta: 0.1, DownDelta: 0.2, Source: "home_assistant", ID: "w/2"},
	} {
		c, err := DecodeControl(encodeControl(z, sp, time.Now()))
		must(t, err)
		got, err := z.Setpoint(c, false)
		if err != nil || !got.SameTarget(sp) || got.Source != sp.Source || got.ID != sp.ID {
			t.Errorf("%+v came back as %+v (%v)", sp, got, err)
		}
	}
}

// FuzzControl: no payload may panic, and none that is accepted may bring the law to
// what is out of bounds, now or later.
func FuzzControl(f *testing.F) {
	for _, seed := range []string{`{"desired":21}`, `{"mode":"off","id":"x"}`, "\x08\x07\x11\x00\x00\x00\x00\x00\x00\x35\x40", "", "{", "\x28\x09", "h\t", `{"preset":"eco","hold_s":60,"then":{"mode":"auto"}}`} {
		f.Add([]byte(seed), true)
	}
	start := time.Unix(1_800_000_000, 0)
	f.Fuzz(func(t *testing.T, payload []byte, retained bool) {
		for _, z := range []Zone{testZone(), weekZone()} {
			tr := NewControl(z, "word", time.Time{})
			tr.Connected(start)
			d := tr.Message(start, payload, retained)
			for _, later := range []time.Duration{0, time.Hour, 24 * time.Hour, 400 * 24 * time.Hour} {
				if d.Obey == nil {
					continue
				}
				aimed := z.Comfort.Target(*d.Obey, start.Add(later), comfort.Clock{Trusted: true}).Setpoint
				if err := limits.RefuseSetpoint(z.Params, aimed); err != nil {
					t.Errorf("%q was accepted: %v, after %v", payload, err, later)
				}
			}
			if d.Answer != nil && !d.Answer.Applied && d.Answer.Reason == "" {
				t.Errorf("%q was refused without a reason", payload)
			}
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
