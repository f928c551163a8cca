package site

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
	"time"

	"thermostat/house/water"
)

// Figures are what a boiler did in a run. All times are those of the rooms.
type Figures struct {
	water.Figures
	Source   string
	Zones    []string      // that it heats
	Lasted   time.Duration // of all runs together
	Rooms    float64       // J, that the rooms had of it
	Settings [][2]string   // what was tried: keys and values
}

// Figures are those of a run that has lasted so long.
func (t *Site) Figures(lasted time.Duration) Figures {
	f := Figures{Figures: t.water.Figures(), Source: t.boiler.Name, Zones: t.names, Lasted: lasted}
	for _, r := range t.rooms {
		f.Rooms += r.Given()
	}
	return f
}

// Mean is what runs of one house amount to: of each figure the mean, of temperature and trips all.
func Mean(all []Figures) Figures {
	mean := all[0]
	if len(all) == 1 {
		return mean
	}
	n := float64(len(all))
	mean.Energy, mean.Rooms, mean.Called, mean.Pumped = 0, 0, 0, 0
	mean.Starts, mean.Trips, mean.Lasted = 0, 0, 0
	for _, f := range all {
		mean.Energy, mean.Rooms = mean.Energy+f.Energy/n, mean.Rooms+f.Rooms/n
		mean.Called, mean.Pumped = mean.Called+time.Duration(float64(f.Called)/n), mean.Pumped+time.Duration(float64(f.Pumped)/n)
		mean.Starts, mean.Lasted = mean.Starts+f.Starts, mean.Lasted+f.Lasted // their rate is that of all together
		mean.Trips, mean.Hottest = mean.Trips+f.Trips, max(mean.Hottest, f.Hottest)
	}
	return mean
}

// startsPerHour is how often the flame was lit.
func (f Figures) startsPerHour() float64 { return float64(f.Starts) / f.Lasted.Hours() }

const kWh = 3.6e6 // J

// Block is the figures for people.
func (f Figures) Block() string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-11s %s\n", name, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(&b, "%s, for %s\n", f.Source, strings.Join(f.Zones, ", "))
	line("starts", "%.2f an hour", f.startsPerHour())
	line("on", "%.1f h, its pump %.1f h", f.Called.Hours(), f.Pumped.Hours())
	line("energy", "%.1f kWh, of which the rooms had %.1f", f.Energy/kWh, f.Rooms/kWh)
	line("flow", "at most %.0f °C%s", f.Hottest, trips(f.Trips))
	return b.String()
}

// trips tells of what should not be.
func trips(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("; its own thermostat ended the fire %d times", n)
}

// JSON is the figures for machines.
type JSON struct {
	Source        string            `json:"source"`
	Zones         []string          `json:"zones"`
	Settings      map[string]string `json:"settings,omitempty"`
	StartsPerHour float64           `json:"starts_per_hour"`
	HoursOn       float64           `json:"hours_on"`
	PumpHours     float64           `json:"pump_hours"`
	EnergyKWh     float64           `json:"energy_kwh"`
	RoomsKWh      float64           `json:"rooms_kwh"`
	FlowHottest   float64           `json:"flow_hottest_celsius"`
	Trips         int               `json:"thermostat_trips"`
}

// JSON is the figures for machines.
func (f Figures) JSON() JSON {
	j := JSON{
		Source: f.Source, Zones: f.Zones, StartsPerHour: rounded(f.startsPerHour()), HoursOn: rounded(f.Called.Hours()), PumpHours: rounded(f.Pumped.Hours()),
		EnergyKWh: rounded(f.Energy / kWh), RoomsKWh: rounded(f.Rooms / kWh), FlowHottest: rounded(f.Hottest), Trips: f.Trips,
	}
	if len(f.Settings) > 0 {
		j.Settings = map[string]string{}
	}
	for _, s := range f.Settings {
		j.Settings[s[0]] = s[1]
	}
	return j
}

func rounded(x float64) float64 { return math.Round(x*1e4) / 1e4 }

// PrintGrid writes a row a run of a boiler, of runs that all tried the same keys.
func PrintGrid(out io.Writer, grid []Figures) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "SOURCE\t")
	for _, s := range grid[0].Settings {
		fmt.Fprintf(w, "%s\t", strings.ToUpper(s[0]))
	}
	fmt.Fprintln(w, "STARTS/HOUR\tHOURS ON\tPUMP HOURS\tENERGY kWh\tFLOW AT MOST °C\t")
	for _, f := range grid {
		fmt.Fprintf(w, "%s\t", f.Source)
		for _, s := range f.Settings {
			fmt.Fprintf(w, "%s\t", s[1])
		}
		fmt.Fprintf(w, "%.2f\t%.1f\t%.1f\t%.1f\t%.0f\t\n", f.startsPerHour(), f.Called.Hours(), f.Pumped.Hours(), f.Energy/kWh, f.Hottest)
	}
	return w.Flush()
}
