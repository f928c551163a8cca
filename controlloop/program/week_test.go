package program

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestAWeekIsReadAsItIsWritten: what Parse makes of a text says, in String, what the text says.
func TestAWeekIsReadAsItIsWritten(t *testing.T) {
	for text, want := range map[string]string{
		"mon-fri 06:00 comfort, 08:30 eco, 16:30 comfort, 22:30 sleep; sat,sun 08:00 comfort, 23:00 sleep": "",
		"06:00 21, 22:00 17.5":                   "",
		"":                                       "",
		"  ":                                     "",
		"sat-mon 08:00 21; tue-fri 06:30 20.25":  "mon,sat,sun 08:00 21; tue-fri 06:30 20.25",
		"sun 23:59 off":                          "",
		" mon - tue ,thu  06:00   -5 ,07:00 a-1": "mon,tue,thu 06:00 -5, 07:00 a-1",
		"mon 00:00 5; tue 00:00 5; wed 00:00 5; thu 00:00 5; fri 00:00 5; sat 00:00 5; sun 00:00 5": "00:00 5",
	} {
		w, err := Parse(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if want == "" {
			want = strings.TrimSpace(text)
		}
		if got := w.String(); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
		if again, err := Parse(w.String()); err != nil || again.String() != w.String() || w.Empty() != (want == "") {
			t.Errorf("%q: again %v, %v", text, again, err)
		}
	}
}

// TestARefusedWeekSaysWhatToWriteInstead: each mistake is named with its part, and its cure.
func TestARefusedWeekSaysWhatToWriteInstead(t *testing.T) {
	for text, want := range map[string]string{
		"mon-fri":                      "has no time",
		"mon comfort":                  "has no time",
		"mon 6:00 comfort":             `"6:00" is no time of day: write HH:MM`,
		"24:00 comfort":                "is no time of day",
		"06:00":                        "is no time with a target",
		"06:00 comfort eco":            "is no time with a target",
		"06:00 comfort,":               "is no time with a target",
		"06:00comfort":                 "is no time with a target",
		"06:00 comfort, 06:00 eco":     "06:00 eco comes after 06:00 comfort",
		"07:00 comfort, 06:00 eco":     "write the times of a day in their order",
		"mon 06:00 a; sun-mon 07:00 b": "mon is named twice",
		"mon,mon 06:00 a":              "mon is named twice",
		"Mon 06:00 a":                  `"Mon" is no day`,
		"monday 06:00 a":               `"monday" is no day: write mon, tue`,
		"mon- 06:00 a":                 "is no day",
		"06:00 auto":                   "is no target",
		"06:00 21.123":                 "at most 2 decimals",
		"06:00 2_1":                    "is no target",
		"06:00 +21":                    "is no target",
		"06:00 21C":                    "is no target",
		"06:00 Comfort":                "is no target",
		"06:00 a23456789012345678901":  "is no target",
		"06:00 a;":                     "has no time",
		"00:00 1,01:00 1,02:00 1,03:00 1,04:00 1,05:00 1,06:00 1,07:00 1,08:00 1,09:00 1,10:00 1": "has 11 transitions a day: at most 10",
	} {
		if w, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) || !w.Empty() {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// TestTheNameOfAPresetIsNoOtherWord: what means something else where a preset may stand is none.
func TestTheNameOfAPresetIsNoOtherWord(t *testing.T) {
	for _, name := range []string{"comfort", "a", "x-1", "away", "a2345678901234567890"} {
		if err := CheckPreset(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"", "off", "auto", "none", "on", "heat", "cool", "next", "permanent", "default", "1a", "A", "a_b", "ä", "a23456789012345678901"} {
		if CheckPreset(name) == nil {
			t.Errorf("%q is taken", name)
		}
	}
}

// randomWeek makes the text of a week.
func randomWeek(rnd *rand.Rand) string {
	var parts []string
	for _, day := range dayWords {
		var minutes []int
		for range rnd.IntN(5) {
			minutes = append(minutes, rnd.IntN(24*60))
		}
		slices.Sort(minutes)
		var items []string
		for i, m := range slices.Compact(minutes) {
			items = append(items, Transition{m, Target{Celsius: float64(5 + i)}}.String())
		}
		if len(items) > 0 {
			parts = append(parts, day+" "+strings.Join(items, ", "))
		}
	}
	return strings.Join(parts, "; ")
}

// TestNextIsWhatIsInForceThen: in random weeks, places and moments the next transition
// is in force at its instant, and what was in force is so until then.
func TestNextIsWhatIsInForceThen(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	places := []string{"UTC", "Europe/Berlin", "America/Santiago", "Africa/Cairo", "Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns"}
	for range 20_000 {
		place, err := time.LoadLocation(places[rnd.IntN(len(places))])
		if err != nil {
			t.Fatal(err) // Go brings the zones itself
		}
		w, err := Parse(randomWeek(rnd))
		if err != nil {
			t.Fatal(err)
		}
		now := time.Date(2010+rnd.IntN(20), 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rnd.IntN(366*24*3600)) * time.Second)
		is, ok := w.InForce(now, place)
		next, comes := w.Next(now, place)
		if ok != comes || ok == w.Empty() {
			t.Fatalf("%v: in force %v, next %v", w, ok, comes)
		}
		if !ok {
			continue
		}
		if is.At.After(now) || !next.At.After(now) {
			t.Fatalf("%v at %v: in force since %v, next at %v", w, now, is.At, next.At)
		}
		if before, _ := w.InForce(next.At.Add(-time.Nanosecond), place); before != is {
			t.Fatalf("%v at %v in %v: %v is in force, and before the next %v is", w, now, place, is, before)
		}
		if then, _ := w.InForce(next.At, place); then != next {
			t.Fatalf("%v at %v in %v: next is %v, and then %v", w, now, place, next, then)
		}
	}
}
