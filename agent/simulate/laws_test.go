package simulate

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"thermostat/agent/clitest"
	"thermostat/drivers/simulated"
)

// aWeek is a radiator with set-backs, and when somebody is there.
const (
	aWeek = `device: den
zones:
  - name: hall
    plant: boiler
    sensor: {driver: simulated, model: radiator, noise: 0.02}
    heater: {driver: simulated}
    default_setpoint: {mode: auto, up_delta: 0.5, down_delta: 0.5}
    timing: {sample: 30s}
    program: 06:00 21, 22:30 17
`
	itsHours = "06:00-22:30"
)

// inWinter gives the runs of that week in random weather.
func inWinter(t *testing.T, args ...string) []runJSON {
	t.Helper()
	return simulateRuns(t, append([]string{"--config", clitest.Written(t, aWeek), "--occupied", itsHours, "--weather", "random"}, args...)...)
}

// TestALawIsNamedInPlaceOfTheConfiguredOne: by --law and by --vary, the same runs. The law that learns is more comfortable, and what it
// foresees is near to what comes, whichever law decides.
func TestALawIsNamedInPlaceOfTheConfiguredOne(t *testing.T) {
	args := []string{"--days", "10", "--settle", "3"}
	plain, learns := inWinter(t, append(args, "--law", "hysteresis")...)[0], inWinter(t, args...)[0]
	if plain.Law != "hysteresis" || learns.Law != "auto" || learns.DiscomfortKh > 0.5*plain.DiscomfortKh {
		t.Errorf("%+v\n%+v", plain, learns)
	}
	for _, r := range []runJSON{plain, learns} {
		e := r.ForesightError
		if e == nil || e.Count < 50 || e.Median <= 0 || e.Median > 0.06 || e.P90 < e.Median || *r.StartsBudget != 16 || math.Abs(2*r.StartsPerDay-r.SwitchesPerDay) > 0.2 {
			t.Errorf("%s: %+v %+v", r.Law, e, r)
		}
		if math.Abs(*r.ControlAccuracy-math.Abs(*r.ControlOffset)-*r.ControlSwing) > 2e-4 || *r.ControlAccuracy > 1.2 {
			t.Errorf("%s: accuracy %v, deviation %v, variation %v", r.Law, *r.ControlAccuracy, *r.ControlOffset, *r.ControlSwing)
		}
	}
	varied := inWinter(t, append(args, "--vary", "law=hysteresis,auto")...)
	if varied[0].DiscomfortKh != plain.DiscomfortKh || varied[1].DiscomfortKh != learns.DiscomfortKh || varied[1].Settings["law"] != "auto" {
		t.Errorf("%+v", varied)
	}
}

// TestACoolerForeseesItsMirror: the refrigerator's, which nobody visits.
func TestACoolerForeseesItsMirror(t *testing.T) {
	r := simulateRuns(t, "--room", "refrigerator", "--law", "foresee", "--days", "3", "--settle", "1")[0]
	if e := r.ForesightError; e == nil || e.Count < 50 || e.Median > 0.08 || r.Law != "foresee" {
		t.Errorf("%+v %+v", e, r)
	}
	out, _, err := runSimulate("--room", "refrigerator", "--law", "foresee", "--days", "3", "--settle", "1")
	if err != nil || !strings.Contains(out, "peaks and troughs: half of them within 0.0") || !strings.Contains(out, " a day, starts_per_day 40\n") {
		t.Errorf("%v %s", err, out)
	}
}

// TestSeveralSeedsAreTheRunsOfEach: means are of the runs that each seed gives alone, worst and spread are theirs as well.
func TestSeveralSeedsAreTheRunsOfEach(t *testing.T) {
	args := []string{"--days", "4", "--settle", "1"}
	all := inWinter(t, append(args, "--seeds", "3", "--seed", "7")...)[0]
	var discomfort, energy, late []float64
	transitions, foreseen := 0, 0
	for _, seed := range []string{"7", "8", "9"} {
		r := inWinter(t, append(args, "--seed", seed)...)[0]
		discomfort, energy, late = append(discomfort, r.DiscomfortKh), append(energy, *r.EnergyKWh), append(late, *r.LateWorstS)
		transitions, foreseen = transitions+*r.Transitions, foreseen+r.ForesightError.Count
		if r.Seeds != 0 || r.Spread != nil {
			t.Errorf("%+v", r)
		}
	}
	mean := func(x []float64) float64 { return (x[0] + x[1] + x[2]) / 3 }
	if all.Seeds != 3 || all.Days != 3 || math.Abs(all.DiscomfortKh-mean(discomfort)) > 2e-4 || math.Abs(*all.EnergyKWh-mean(energy)) > 2e-4 || energy[0] == energy[1] {
		t.Errorf("%+v is not the mean of %v K·h and %v kWh", all, discomfort, energy)
	}
	if *all.LateWorstS != slices.Max(late) || *all.Transitions != transitions || all.ForesightError.Count != foreseen {
		t.Errorf("%+v: late %v, %d transitions, %d foreseen", all, late, transitions, foreseen)
	}
	if all.Spread["energy_kwh"] != [2]float64{slices.Min(energy), slices.Max(energy)} {
		t.Errorf("%v, want %v", all.Spread, energy)
	}
	if _, same := all.Spread["days"]; same {
		t.Errorf("%v", all.Spread)
	}
}

// TestSeedsOfRoomsOnABoilerShareTheirWeather: a house has one, whatever noise its sensors have; its boiler's figures are means, too.
func TestSeedsOfRoomsOnABoilerShareTheirWeather(t *testing.T) {
	for _, noise := range []uint64{3, 9} {
		s := &Simulation{Room: simulated.SpecOf("radiator")}
		s.Room.Seed = noise
		f := simulateFlags{weather: "random", given: func(string) bool { return false }}
		if err := f.chooseClimate(s); err != nil || s.seed != 1 || s.Room.Seed != noise {
			t.Errorf("%+v %v", s, err)
		}
	}
	args := []string{"--config", fourRooms, "--days", "1", "--weather", "random"}
	runs, sources := together(t, append(args, "--seeds", "2", "--seed", "3")...)
	energy, starts := 0.0, 0.0
	for _, seed := range []string{"3", "4"} {
		_, one := together(t, append(args, "--seed", seed)...)
		energy, starts = energy+one[0].EnergyKWh/2, starts+one[0].StartsPerHour/2
	}
	if len(sources) != 1 || len(runs) != 4 || math.Abs(sources[0].EnergyKWh-energy) > 1e-3 || math.Abs(sources[0].StartsPerHour-starts) > 1e-3 {
		t.Errorf("%+v, want %v kWh and %v starts", sources, energy, starts)
	}
}

// TestFirstDaysMayBeLeftOut: a cold room is uncomfortable on the first day alone, and costs its energy on that day.
func TestFirstDaysMayBeLeftOut(t *testing.T) {
	cold := clitest.Written(t, strings.Replace(linearNight, "start: 20", "start: 12", 1)+"    default_setpoint: {mode: heat, desired: 20}\n")
	whole := simulateRuns(t, "--config", cold, "--days", "3")[0]
	later := simulateRuns(t, "--config", cold, "--days", "3", "--settle", "1")[0]
	if whole.DiscomfortKh < 4 || later.DiscomfortKh > 0.1 || whole.Days != 3 || later.Days != 2 || later.ColdestCelsius < 19 {
		t.Errorf("%+v\n%+v", whole, later)
	}
}

// TestHeatForALaterTransitionDoesNotOvershootTheBandBeforeIt: a panel is warm before the time on some of two weeks' mornings.
func TestHeatForALaterTransitionDoesNotOvershootTheBandBeforeIt(t *testing.T) {
	panel := clitest.Written(t, strings.NewReplacer("boiler", "electric", "radiator", "panel").Replace(aWeek))
	r := simulateRuns(t, "--config", panel, "--occupied", itsHours, "--weather", "random", "--days", "14")[0]
	if *r.EarlyWorstS < 300 || r.OvershootK > 1 {
		t.Errorf("early by %v s, and %v K past the band", *r.EarlyWorstS, r.OvershootK)
	}
}

// TestAWindowInRandomWeatherIsToldByItsContact: a zone that listens to its contact pauses for it.
func TestAWindowInRandomWeatherIsToldByItsContact(t *testing.T) {
	goesOn := inWinter(t, "--days", "4", "--law", "hysteresis")[0]
	file := clitest.Written(t, aWeek+"    window: {contact: {driver: simulated}}\n")
	pauses := simulateRuns(t, "--config", file, "--occupied", itsHours, "--weather", "random", "--days", "4", "--law", "hysteresis")[0]
	if fmt.Sprint(goesOn.StartsPerDay, *goesOn.EnergyKWh) == fmt.Sprint(pauses.StartsPerDay, *pauses.EnergyKWh) {
		t.Errorf("both %+v", pauses)
	}
}
