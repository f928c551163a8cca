package status

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/clocktest"
)

// play lets a history see a course: a snapshot each second, from what at gives.
func play(h *history, begin time.Time, seconds int, at func(i int) controlloop.Snapshot) time.Time {
	for i := range seconds + 1 {
		s := at(i)
		s.Time = begin.Add(time.Duration(i) * time.Second)
		h.take(s)
	}
	return begin.Add(time.Duration(seconds) * time.Second)
}

// TestHistoryHasAPointASecondFromTheStart: from the first second, one point each.
func TestHistoryHasAPointASecondFromTheStart(t *testing.T) {
	h, begin := newHistory(3*time.Second), time.Now()
	play(h, begin, 10, func(i int) controlloop.Snapshot { return at(begin, 20+float64(i), i%2 == 0) })
	if len(h.points) != 10 || h.step != time.Second {
		t.Fatalf("%d points of %v", len(h.points), h.step)
	}
	if want := (point{2300, 2300, 2300, 2000, 1950, 2050, 0, unknownShare}); h.points[3] != want {
		t.Errorf("%+v, want %+v", h.points[3], want)
	}
	if h.points[4].Heat != 100 {
		t.Errorf("%+v", h.points[4])
	}
}

// TestADayFitsAndKeepsItsExtremes: the memory is bounded, 24 hours fit, and neither the heat's
// time nor the extremes are lost by making points coarser.
func TestADayFitsAndKeepsItsExtremes(t *testing.T) {
	h, begin := newHistory(3*time.Second), time.Now()
	random := rand.New(rand.NewPCG(1, 2))
	on := 0
	end := play(h, begin, 86_000, func(i int) controlloop.Snapshot {
		heating := random.IntN(3) == 0
		if heating && i < 86_000 {
			on++
		}
		celsius := 20 + math.Sin(float64(i)/500)
		if i == 40_000 {
			celsius = 33
		}
		return at(begin, celsius, heating)
	})
	if cap(h.points) != historyPoints || h.step != coarsest {
		t.Fatalf("%d points of %v", cap(h.points), h.step)
	}
	if covered := h.end().Sub(h.begin); covered < 85_000*time.Second || h.end().After(end) {
		t.Errorf("%v are covered", covered)
	}
	var share float64
	highest, mean := 0.0, 0.0
	for _, p := range h.points {
		share += float64(p.Heat) / 100 * h.step.Seconds()
		highest = max(highest, celsius(p.High))
		mean += celsius(p.Mean) / float64(len(h.points))
	}
	if math.Abs(share-float64(on)) > 0.02*float64(on) {
		t.Errorf("heat was on %v s, told %v", on, share)
	}
	if highest != 33 || math.Abs(mean-20) > 0.1 {
		t.Errorf("highest %v, mean %v", highest, mean)
	}
	play(h, end, 2*86_400, func(int) controlloop.Snapshot { return at(begin, 18, false) })
	if cap(h.points) != historyPoints || h.end().Sub(h.begin) < 23*time.Hour || h.points[0].High != 1800 {
		t.Errorf("two days later: %d points from %v", len(h.points), h.points[0])
	}
}

// TestHistoryHasAGapWhereNothingIsKnown: without a reading there is none, without a snapshot nothing.
func TestHistoryHasAGapWhereNothingIsKnown(t *testing.T) {
	h, begin := newHistory(3*time.Second), time.Now()
	end := play(h, begin, 5, func(int) controlloop.Snapshot { return at(begin, math.NaN(), false) })
	s := at(begin, 21, true)
	s.Time = end
	h.take(s)
	s.Time = end.Add(10 * time.Second) // it hung
	s.HeaterRelay = controlloop.RelayUnknown
	h.take(s)
	s.Time = end.Add(11 * time.Second)
	s.Setpoint.Mode = controlloop.ModeOff
	h.take(s)
	s.Time = end.Add(12 * time.Second)
	h.take(s)
	for i, want := range []point{
		{unknown, unknown, unknown, 2000, 1950, 2050, 0, unknownShare}, 1: {unknown, unknown, unknown, 2000, 1950, 2050, 0, unknownShare},
		4: {unknown, unknown, unknown, 2000, 1950, 2050, 0, unknownShare},
		5: {2100, 2100, 2100, 2000, 1950, 2050, 100, unknownShare}, 7: {2100, 2100, 2100, 2000, 1950, 2050, 100, unknownShare},
		8: gap, 14: gap,
		15: {2100, 2100, 2100, 2000, 1950, 2050, unknownShare, unknownShare},
		16: {2100, 2100, 2100, unknown, unknown, unknown, unknownShare, unknownShare},
	} {
		if want != (point{}) && h.points[i] != want {
			t.Errorf("%d: %+v, want %+v", i, h.points[i], want)
		}
	}
}

// TestASlowZoneHoldsItsValueBetweenSamples: a zone that samples once in ten minutes holds its value between.
func TestASlowZoneHoldsItsValueBetweenSamples(t *testing.T) {
	h, begin := newHistory(30*time.Minute), time.Now()
	for i := range 200 {
		s := at(begin, 20, true)
		s.Time = begin.Add(time.Duration(i) * 10 * time.Minute)
		h.take(s)
	}
	for i, p := range h.points {
		if p.Mean != 2000 || p.Heat != 100 {
			t.Fatalf("%d: %+v", i, p)
		}
	}
}

// TestHistoryIsKept: over a restart, with the time between as a gap.
func TestHistoryIsKept(t *testing.T) {
	s := New((&site{t: t}).options())
	begin := time.Now().Add(-100 * time.Second)
	play(s.board.zones[0].past, begin, 60, func(int) controlloop.Snapshot { return at(begin, 20, true) })
	text, err := json.Marshal(s.Kept())
	if err != nil {
		t.Fatal(err)
	}
	var kept Kept
	if err := json.Unmarshal(text, &kept); err != nil {
		t.Fatal(err)
	}
	again := New((&site{t: t}).options())
	if err := again.Restore(kept); err != nil {
		t.Fatal(err)
	}
	again.Saw(at(time.Now(), 25, false))
	h := again.board.zones[0].past
	if len(h.points) < 99 || len(h.points) > 101 || h.points[59] != s.board.zones[0].past.points[59] {
		t.Fatalf("%d points", len(h.points))
	}
	for i := 60; i < len(h.points); i++ {
		if h.points[i] != gap {
			t.Errorf("%d: %+v", i, h.points[i])
		}
	}
	for what, k := range map[string]KeptHistory{
		"from the future": {time.Now().Add(time.Hour), 1, make([]byte, 14)},
		"older than all":  {time.Now().Add(-25 * time.Hour), 1, make([]byte, 14)},
		"a strange step":  {time.Now(), 3, make([]byte, 14)},
		"too many":        {time.Now(), 128, make([]byte, 14*historyPoints)},
		"endless":         {time.Now(), 128, make([]byte, 20<<20)},
	} {
		fresh := New((&site{t: t}).options())
		err := fresh.Restore(Kept{"hall": k, "gone": k})
		if len(fresh.board.zones[0].past.points) != 0 {
			t.Errorf("%s is taken (%v)", what, err)
		}
	}
}

// TestHistoryEndsNowHoweverTheClockWasSet: a board without a clock of its own begins in the past, and its
// course must not stay there once a time server has spoken.
func TestHistoryEndsNowHoweverTheClockWasSet(t *testing.T) {
	for name, began := range map[string]time.Time{"too early": time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), "too late": time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC)} {
		s := New((&site{t: t}).options())
		begin := clocktest.Shown(-time.Minute, began)
		play(s.board.zones[0].past, begin, 60, func(int) controlloop.Snapshot { return at(begin, 20, true) })
		c, _ := s.board.course("hall")
		if by := time.Until(c.end.Round(0)).Abs(); by > 30*time.Second {
			t.Errorf("a clock that began %s: the last point ends at %v, which is %v off", name, c.end.Round(0), by)
		}
	}
}

// TestHistoryIsSmallAndNullWhereNothingIsKnown: columns with null for what is not known; a full one is small.
func TestHistoryIsSmallAndNullWhereNothingIsKnown(t *testing.T) {
	s := New((&site{t: t}).options())
	begin := time.Now()
	play(s.board.zones[0].past, begin, 100_000, func(i int) controlloop.Snapshot {
		if i%1000 < 100 {
			return at(begin, math.NaN(), false)
		}
		return at(begin, 20+math.Sin(float64(i)/900)+math.Mod(float64(i), 7)/100, i%700 < 250)
	})
	c, _ := s.board.course("hall")
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 16_000 {
		t.Errorf("%d bytes", len(text))
	}
	var got struct {
		Zone          string
		End           time.Time
		StepS         int `json:"step_s"`
		Temperature   []*float64
		Low, High     []*float64
		HeaterPercent []*int `json:"heater_percent"`
		CoolerPercent []*int `json:"cooler_percent"`
		Bands         []band
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	n := len(c.points)
	if got.Zone != "hall" || got.StepS != 128 || len(got.Temperature) != n || len(got.Low) != n || len(got.HeaterPercent) != n || got.CoolerPercent != nil {
		t.Errorf("%.300s", text)
	}
	if len(got.Bands) != 1 || *got.Bands[0].Desired != 20 || *got.Bands[0].From != 19.5 {
		t.Errorf("%+v", got.Bands)
	}
	if !got.End.After(begin.Add(100_000*time.Second-time.Second)) || got.End.After(begin.Add(100_128*time.Second)) {
		t.Errorf("ends %v", got.End.Sub(begin))
	}
	empty := New((&site{t: t}).options())
	c, _ = empty.board.course("hall")
	if text, err := json.Marshal(c); err != nil || !json.Valid(text) {
		t.Errorf("%s %v", text, err)
	}
}
