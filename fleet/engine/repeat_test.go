package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"thermostat/controlloop"
)

// TestReadingsThatComeAgainSwitchNothing: who carries readings at least once, as the bridge does, says after a loss all again
// from some reading on. By their read_at the zone knows them: what its heater is told stays the same. Left out are
// spikes that the judge does not believe: those may open a cut-out whenever they come, which ends heat and begins none.
func TestReadingsThatComeAgainSwitchNothing(t *testing.T) {
	p, told := readAll(t, someParameters), 0
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 3))
		all, once, again := day(r), newZone(7, p), newZone(7, p)
		var said []controlloop.Reading
		for _, h := range all {
			if h.control != nil {
				said = said[:0] // a control of before would count anew
				for _, z := range []*zone{once, again} {
					_ = z.obey(proto.CloneOf(h.control), h.at)
				}
				continue
			}
			if h.celsius > p.zone.Params.HeatCutout {
				continue
			}
			reading := controlloop.Temperature(h.celsius, h.at.Add(-time.Second))
			said = append(said, reading)
			once.hear(reading, h.at)
			again.hear(reading, h.at)
			if r.IntN(10) == 0 {
				for _, old := range said[max(0, len(said)-1-r.IntN(30)):] {
					again.hear(old, h.at)
				}
			}
		}
		if got, want := switches(again), switches(once); !slices.Equal(got, want) {
			t.Fatalf("seed %d: %d switches, want %d\n%v\n%v", seed, len(got), len(want), got, want)
		} else {
			told += len(want)
		}
	}
	if told < 1000 {
		t.Errorf("only %d switches", told)
	}
}

// switches are what a zone's heater was told until now.
func switches(z *zone) (all []string) {
	for _, c := range z.take() {
		all = append(all, fmt.Sprintf("%v %s", c.GetCommand(), c.SwitchedAt.AsTime().Format("15:04:05.000")))
	}
	return all
}
