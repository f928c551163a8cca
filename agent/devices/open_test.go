package devices

import (
	"errors"
	"log/slog"
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/controlloop"
	"thermostat/drivers"
	"thermostat/drivers/simulated"
	"thermostat/mqtt/device"
)

func simulatedZone() Zone {
	sensor, heater, cooler := DefaultSensor("simulated"), DefaultRelay("simulated"), DefaultRelay("simulated")
	sensor.Simulated = linear()
	return Zone{Sensor: sensor, Heater: &heater, Cooler: &cooler}
}

func open(z Zone) (Opened, error) {
	return z.Open(drivers.NewHardware(""), device.NewGroup(slog.New(slog.DiscardHandler)))
}

func TestOpenGivesDevicesOfOneRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spec := simulatedZone()
		spec.Sensor.Offset = -1.5
		d, err := open(spec)
		if err != nil {
			t.Fatal(err)
		}
		d.Heater.Set(true)
		time.Sleep(10 * time.Minute)
		wantTrue(t, d.Room, 21)
		if got := read(t, d.Sensor).Celsius; got != 19.5 {
			t.Errorf("%v °C with the offset, want 19.5", got)
		}
		d.Heater.Set(false)
		d.Cooler.Set(true)
		time.Sleep(30 * time.Minute)
		wantTrue(t, d.Room, 21-2-3)
	})
}

func TestOpenLeavesOutWhatIsNotThere(t *testing.T) {
	d, err := open(Zone{Sensor: simulatedZone().Sensor})
	if err != nil || d.Heater != nil || d.Cooler != nil || d.Close() != nil {
		t.Errorf("%+v, %v: want no relays and no error", d, err)
	}
}

func TestOpenOfAWrongSpecOpensNothing(t *testing.T) {
	for want, spoil := range map[string]func(*Zone){
		`sensor: driver "warm" `:           func(s *Zone) { s.Sensor.Driver = "warm" },
		`heater: driver "gpoi" `:           func(s *Zone) { s.Heater.Driver = "gpoi" },
		`cooler: driver "" `:               func(s *Zone) { s.Cooler.Driver = "" },
		`fallback sensor 1: driver "hot" `: func(s *Zone) { s.Fallbacks = []Sensor{DefaultSensor("hot")} },
		`sensor: speed: 0 `:                func(s *Zone) { s.Sensor.Simulated.Speed = 0 },
	} {
		spec := simulatedZone()
		spoil(&spec)
		d, err := open(spec)
		if err == nil || !strings.Contains(err.Error(), want) || !reflect.DeepEqual(d, Opened{}) {
			t.Errorf("%+v, %v: want nothing open and %q", d, err, want)
		}
	}
}

func TestSimulatedRelayNeedsASimulatedSensor(t *testing.T) {
	if _, err := new(opening).relay(simulatedZone().Heater, (*simulated.Room).Heater); err == nil {
		t.Error("a relay of no room was opened")
	}
}

func TestCloseSwitchesOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, _ := open(simulatedZone())
		d.Heater.Set(true)
		d.Cooler.Set(true)
		for range 2 {
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(15 * time.Minute)
		wantTrue(t, d.Room, 19)
	})
}

// stuck is a relay that does not obey.
type stuck struct{ err error }

func (s stuck) Set(bool) error { return s.err }

func TestCloseTriesBothAndTellsOfBoth(t *testing.T) {
	heat, cool := errors.New("welded"), errors.New("unplugged")
	err := Opened{Heater: stuck{heat}, Cooler: stuck{cool}}.Close()
	if !errors.Is(err, heat) || !errors.Is(err, cool) {
		t.Errorf("%v, want both errors", err)
	}
}

var _ controlloop.Relay = stuck{}

// linear is a noiseless room of 20 °C: +1 K in 10 minutes, -1 K in 15.
func linear() simulated.Spec {
	s := simulated.Default()
	s.Model, s.Start, s.Noise = "linear", 20, 0
	return s
}

func wantTrue(t *testing.T, r *simulated.Room, want float64) {
	t.Helper()
	if got := r.True(); math.Abs(got-want) > 1e-9 {
		t.Errorf("%v °C, want %v", got, want)
	}
}

func read(t *testing.T, s controlloop.Sensor) controlloop.Reading {
	t.Helper()
	r, err := s.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}
