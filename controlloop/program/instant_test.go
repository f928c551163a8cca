package program

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestTransitionsHappenWhenTheClockOfThePlaceSaysSo goes minute by minute through two
// years of gaps and doubled hours. The oracle is Python's zoneinfo, which looks at the
// clock of each minute.
func TestTransitionsHappenWhenTheClockOfThePlaceSaysSo(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil && os.Getenv("THERMOSTAT_CI") != "" {
		t.Fatal("python3 is missing, and CI must have it")
	} else if err != nil {
		t.Skip("python3 is missing")
	}
	// In gaps (02:30 in Berlin, 00:15 in Santiago and Cairo, 02:10 on Lord Howe), in
	// doubled hours (02:30, 23:30, 01:45), and beside them.
	var text, lines strings.Builder
	var targets []Target
	for day, word := range dayWords {
		text.WriteString(word)
		for i, at := range []string{"00:00", "00:15", "01:45", "02:10", "02:30", "03:00", "06:30", "22:30", "23:30", "23:59"} {
			targets = append(targets, Target{Celsius: float64(len(targets))})
			fmt.Fprintf(&text, "%s %s %s", map[bool]string{true: "", false: ","}[i == 0], at, targets[len(targets)-1])
			fmt.Fprintf(&lines, "%d %s\n", day, at)
		}
		text.WriteString(";")
	}
	week, err := Parse(strings.TrimSuffix(text.String(), ";"))
	if err != nil {
		t.Fatal(err)
	}
	for i, zone := range []string{"Europe/Berlin", "America/Santiago", "Africa/Cairo", "Australia/Lord_Howe"} {
		if testing.Short() && i%2 == 0 {
			continue
		}
		t.Run(zone, func(t *testing.T) {
			t.Parallel()
			place, err := time.LoadLocation(zone)
			if err != nil {
				t.Fatal(err) // Go brings the zones itself
			}
			const first, years = 2026, 2
			oracle := exec.Command(python, "testdata/instants.py", zone, fmt.Sprint(first), fmt.Sprint(years))
			oracle.Stdin, oracle.Stderr = strings.NewReader(lines.String()), os.Stderr
			out, err := oracle.Output()
			if err != nil {
				t.Fatal(err)
			}
			compare(t, week, place, steps(out, targets), first, years)
		})
	}
}

// steps are the oracle's instants, each with its target.
func steps(told []byte, targets []Target) (all []Step) {
	for line := range strings.Lines(string(told)) {
		var unix int64
		var target int
		fmt.Sscan(line, &unix, &target)
		all = append(all, Step{time.Unix(unix, 0), targets[target]})
	}
	return all
}

// compare holds each minute against the oracle. Of transitions at one instant the
// last one begins.
func compare(t *testing.T, week Week, place *time.Location, told []Step, first, years int) {
	same := func(got, want Step) bool { return got.At.Equal(want.At) && got.Target == want.Target }
	last := func(i int) int {
		for told[i+1].At.Equal(told[i].At) {
			i++
		}
		return i
	}
	is, end := 0, time.Date(first+years, 1, 1, 0, 0, 0, 0, time.UTC)
	next, step := last(1), time.Minute
	if testing.Short() {
		step = 13 * time.Minute
	}
	for now := time.Date(first, 1, 1, 0, 0, 0, 0, time.UTC); now.Before(end); now = now.Add(step) {
		for !told[next].At.After(now) {
			is, next = next, last(next+1)
		}
		got, _ := week.InForce(now, place)
		coming, _ := week.Next(now, place)
		if !same(got, told[is]) || !same(coming, told[next]) {
			t.Fatalf("at %v: in force %v and next %v, want %v and %v", now.In(place), got, coming, told[is], told[next])
		}
	}
}

// TestAComingTimeIsTheNextThatTheClocksShow: also the second time in a doubled hour, and of
// a time that they pass over the end of the gap. The oracle looks at the clock of each minute.
func TestAComingTimeIsTheNextThatTheClocksShow(t *testing.T) {
	for zone, changes := range map[string][]string{
		"Europe/Berlin":       {"2027-03-28", "2027-10-31"},
		"America/Santiago":    {"2027-04-04", "2027-09-05"},
		"Africa/Cairo":        {"2027-04-30", "2027-10-29"},
		"Australia/Lord_Howe": {"2027-04-04", "2027-10-03"},
	} {
		place, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err) // Go brings the zones itself
		}
		minuteAt := func(at time.Time) int { return at.In(place).Hour()*60 + at.In(place).Minute() }
		for _, change := range changes {
			day, _ := time.Parse(time.DateOnly, change)
			for _, minute := range []int{0, 15, 105, 130, 150, 165, 180, 390, 1410, 1439} {
				coming := time.Time{}
				for now := day.Add(36 * time.Hour); now.After(day.Add(-36 * time.Hour)); now = now.Add(-time.Minute) {
					if got := Coming(now, minute, place); !coming.IsZero() && !got.Equal(coming) {
						t.Fatalf("%02d:%02d after %v: %v, want %v", minute/60, minute%60, now.In(place), got, coming.In(place))
					}
					before, is := minuteAt(now.Add(-time.Minute)), minuteAt(now)
					if passed := (is-before+1440)%1440 <= 121 && (minute-before+1440)%1440 <= (is-before+1440)%1440 && minute != before; is == minute || passed {
						coming = now
					}
				}
			}
		}
	}
}
