package service

import (
	"fmt"
	"log/slog"
	"testing"

	"thermostat/drivers"
)

// TestRelaysLetGoWhereEachDoes: one that is known to stay on is enough for no, and one of
// which that is not known for not known.
func TestRelaysLetGoWhereEachDoes(t *testing.T) {
	letsGo, stays := true, false
	yes, no := &letsGo, &stays
	for _, row := range []struct {
		relays []*bool
		want   *bool
	}{
		{nil, nil}, {[]*bool{yes}, yes}, {[]*bool{yes, yes}, yes}, {[]*bool{yes, nil}, nil}, {[]*bool{nil, yes}, nil},
		{[]*bool{yes, nil, yes}, nil}, {[]*bool{yes, no}, no}, {[]*bool{no, yes}, no}, {[]*bool{nil, no}, no},
	} {
		if got := eachLetsGo(row.relays); got != row.want {
			t.Errorf("%v: %v, want %v", words(row.relays...), words(got), words(row.want))
		}
	}
}

func words(all ...*bool) (s []string) {
	for _, b := range all {
		if b == nil {
			s = append(s, "not known")
			continue
		}
		s = append(s, fmt.Sprint(*b))
	}
	return s
}

func TestAnExpanderDoesNotLetGo(t *testing.T) {
	h := drivers.NewHardware(withExpander(t))
	on := func(chip string) *bool {
		return Failsafe(h, []drivers.Held{{GPIO: drivers.GPIO{Chip: chip, Line: "3"}}}, slog.New(slog.DiscardHandler))()
	}
	if no := on("gpiochip2"); no == nil || *no {
		t.Errorf("of a line of a PCF8574: %v", words(no))
	}
	if known := on("gpiochip3"); known != nil {
		t.Errorf("of a chip that is none: %v", words(known))
	}
}
