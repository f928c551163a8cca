package drivers

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/controlloop"
	"thermostat/drivers/simulated"
)

func simulatedSpec() Spec {
	return Spec{
		Sensor: SensorSpec{Driver: "simulated", Simulated: linear()},
		Heater: &RelaySpec{Driver: "simulated"},
		Cooler: &RelaySpec{Driver: "simulated"},
	}
}

func TestOpenGivesDevicesOfOneRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spec := simulatedSpec()
		spec.Sensor.Offset = -1.5
		d, err := NewHardware("").Open(spec)
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
	d, err := NewHardware("").Open(Spec{Sensor: simulatedSpec().Sensor})
	if err != nil || d.Heater != nil || d.Cooler != nil || d.Close() != nil {
		t.Errorf("%+v, %v: want no relays and no error", d, err)
	}
}

func TestOpenOfAWrongSpecOpensNothing(t *testing.T) {
	for want, spoil := range map[string]func(*Spec){
		`sensor: driver "warm" `:           func(s *Spec) { s.Sensor.Driver = "warm" },
		`heater: driver "gpoi" `:           func(s *Spec) { s.Heater.Driver = "gpoi" },
		`cooler: driver "" `:               func(s *Spec) { s.Cooler.Driver = "" },
		`fallback sensor 1: driver "hot" `: func(s *Spec) { s.Fallbacks = []SensorSpec{{Driver: "hot"}} },
		`sensor: speed: 0 `:                func(s *Spec) { s.Sensor.Simulated.Speed = 0 },
	} {
		spec := simulatedSpec()
		spoil(&spec)
		d, err := NewHardware("").Open(spec)
		if err == nil || !strings.Contains(err.Error(), want) || !reflect.DeepEqual(d, Devices{}) {
			t.Errorf("%+v, %v: want nothing open and %q", d, err, want)
		}
	}
}

func TestSimulatedRelayNeedsASimulatedSensor(t *testing.T) {
	if _, err := NewHardware("").openRelay(&RelaySpec{Driver: "simulated"}, new(Devices).relayOf((*simulated.Room).Heater)); err == nil {
		t.Error("a relay of no room was opened")
	}
}

func TestCloseSwitchesOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, _ := NewHardware("").Open(simulatedSpec())
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
	err := Devices{Heater: stuck{heat}, Cooler: stuck{cool}}.Close()
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
