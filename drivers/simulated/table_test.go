package simulated

import "testing"

// TestEveryFaultBreaksARoomAndMendingEndsIt: no row does
// nothing, and none outlives the mending.
func TestEveryFaultBreaksARoomAndMendingEndsIt(t *testing.T) {
	type state struct {
		sensor SensorFault
		relays [2]RelayFault
		window bool
	}
	of := func(r *Room) state { return state{r.fault, [2]RelayFault{r.heater.broken, r.cooler.broken}, r.open} }
	all := Faults()
	mended := all[len(all)-1]
	if mended.Name != Mended {
		t.Fatalf("%+v is the last", mended)
	}
	seen := map[string]bool{}
	for _, f := range all[:len(all)-1] {
		if f.Name == "" || f.Means == "" || seen[f.Name] || f.Break == nil != (f.Name == BrokerDown) {
			t.Errorf("%+v", f)
		}
		seen[f.Name] = true
		if f.Break == nil {
			continue
		}
		room := NewRoom(Default())
		if f.Break(room); of(room) == (state{}) {
			t.Errorf("%s breaks nothing", f.Name)
		}
		if mended.Break(room); of(room) != (state{}) {
			t.Errorf("%s is not mended", f.Name)
		}
	}
}
