package house

import (
	"math"
	"testing"
	"time"
)

func TestPresetsHaveTheTimeConstantsOfTheirSources(t *testing.T) {
	for name, want := range map[string]struct{ body, slow float64 }{ // s: of the heater's or cooler's body; of the whole room
		"timber":       {0.321e3 * 3.6 * 0.383, 19.4 * 3600}, // the paper gives 19.4 h for its slowest
		"massive":      {12.14e6 / 469.7, 0},
		"panel":        {0.321e3 * 3.6 * 0.383, 0},
		"radiator":     {36.8e3 / 30, 0},
		"refrigerator": {0, (90e-3 + 1/30.0) * 0.6 * kWh},
		"fermenter":    {30, 0},
	} {
		p, ok := Preset(name)
		if !ok {
			t.Fatalf("%s is unknown", name)
		}
		if got := p.Heater.Capacity * p.Heater.ToRoom; math.Abs(got-want.body) > 0.01*want.body {
			t.Errorf("%s: the body lags by %.0f s, want %.0f", name, got, want.body)
		}
		slowest := 0.0
		room := NewPhysical(p)
		for _, r := range room.net.rates[:room.net.nodes] {
			slowest = max(slowest, -1/r)
		}
		if want.slow > 0 && math.Abs(slowest-want.slow) > 0.15*want.slow {
			t.Errorf("%s: the slowest time constant is %.1f h, want %.1f", name, slowest/3600, want.slow/3600)
		}
	}
	if _, ok := Preset("room"); ok || len(Presets()) != 6 {
		t.Error("room is no preset, and there are six")
	}
}

// Every preset can be held where it is meant to be: with full power it gets
// past 21 °C, the refrigerator below 3 °C.
func TestPresetsHaveEnoughPower(t *testing.T) {
	for _, name := range Presets() {
		p, _ := Preset(name)
		p.Sun = 0
		room := NewPhysical(p)
		cold := name == "refrigerator"
		room.Heat(!cold)
		room.Cool(cold)
		room.Advance(60 * day)
		room.Advance(3 * time.Hour)
		if cold && room.Air() > 3 || !cold && room.Air() < 22 {
			t.Errorf("%s ends at %.1f °C", name, room.Air())
		}
	}
}
