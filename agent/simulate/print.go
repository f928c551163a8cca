package simulate

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"thermostat/agent/replay"
	"thermostat/house"
)

// printFigures writes the figures: one block a zone, a table for a grid, or JSON.
func printFigures(out io.Writer, f *simulateFlags, grid []*Simulation) error {
	if len(f.vary) > 0 {
		markBest(grid)
	}
	switch {
	case f.asJSON:
		return printRuns(out, grid, len(f.vary) > 0)
	case len(f.vary) > 0:
		return printGrid(out, grid)
	}
	for i, s := range grid {
		if i > 0 {
			fmt.Fprintln(out)
		}
		if _, err := io.WriteString(out, s.block()); err != nil {
			return err
		}
	}
	return nil
}

// block is the figures of one run for people.
func (s *Simulation) block() string {
	var b strings.Builder
	f, o := s.outcome.figures, s.outcome
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-11s %s\n", name, fmt.Sprintf(format, args...))
	}
	sp, desired := s.asked()
	comfort := desired
	if s.outcome.held == (held{}) {
		comfort = fmt.Sprint(s.Centre)
	}
	fmt.Fprintf(&b, "%s, %v %s °C +%v K -%v K\n", s.title(), sp.Mode, desired, sp.UpDelta, sp.DownDelta)
	line("discomfort", "%.2f K·h: %.2f below and %.2f above %s ± %v °C%s", f.Discomfort(), f.Below, f.Above, comfort, s.comfort, whileThere(s.times))
	line("deviation", "%s root mean square from %s °C", kelvinText(f.RMS), comfort)
	line("overshoot", "%.2f K past the band", f.Overshoot)
	line("switches", "%.1f a day; shortest on %s, off %s", f.SwitchesPerDay(), stretchText(f.ShortestOn), stretchText(f.ShortestOff))
	line("energy", "%s", energyText(f.Energy(o.heater, o.cooler)))
	line("on", "%s", sharesText(s, f))
	line("air", "%.2f..%.2f °C", f.Coldest, f.Warmest)
	line("faults", "%s", o.faults.text())
	return b.String()
}

// summary is the same in one line, for the picture.
func (s *Simulation) summary() string {
	f, o := s.outcome.figures, s.outcome
	return fmt.Sprintf("discomfort %.2f K·h · %.1f switches a day · %s · overshoot %.2f K",
		f.Discomfort(), f.SwitchesPerDay(), energyText(f.Energy(o.heater, o.cooler)), f.Overshoot)
}

func whileThere(t *timetable) string {
	if t == nil {
		return ""
	}
	return ", while somebody is there"
}

func kelvinText(x float64) string {
	if math.IsNaN(x) {
		return "not known,"
	}
	return fmt.Sprintf("%.2f K", x)
}

func stretchText(d time.Duration) string {
	if d == 0 {
		return "none"
	}
	return d.Round(time.Second).String()
}

func energyText(kWh float64) string {
	if math.IsNaN(kWh) {
		return "energy not known"
	}
	return fmt.Sprintf("%.1f kWh", kWh)
}

func sharesText(s *Simulation, f house.Figures) string {
	var parts []string
	if s.Zone.Params.Heater {
		parts = append(parts, fmt.Sprintf("heating %.1f %% of the time", 100*share(f.Heated, f.Time)))
	}
	if s.Zone.Params.Cooler {
		parts = append(parts, fmt.Sprintf("cooling %.1f %% of the time", 100*share(f.Cooled, f.Time)))
	}
	return strings.Join(parts, ", ")
}

func share(part, whole time.Duration) float64 {
	return float64(part) / float64(max(whole, 1))
}

func (l *faultLog) text() string {
	if len(l.names) == 0 {
		return "none"
	}
	var parts []string
	for i, name := range l.names {
		parts = append(parts, fmt.Sprintf("%s %d× for %.1f h", name, l.times[i], l.lasted[i].Hours()))
	}
	return strings.Join(parts, ", ")
}

// printGrid writes a row a run, and a star where nothing beats it.
func printGrid(out io.Writer, grid []*Simulation) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "ZONE\t")
	for _, try := range grid[0].settings {
		fmt.Fprintf(w, "%s\t", strings.ToUpper(try.key))
	}
	fmt.Fprintln(w, "DISCOMFORT K·h\tDEVIATION K\tOVERSHOOT K\tSWITCHES/DAY\tSHORTEST ON\tOFF\tENERGY kWh\tBEST\t")
	for _, s := range grid {
		f := s.outcome.figures
		fmt.Fprintf(w, "%s\t", s.Zone.Name)
		for _, try := range s.settings {
			fmt.Fprintf(w, "%s\t", try.value)
		}
		best := ""
		if s.best {
			best = "*"
		}
		fmt.Fprintf(w, "%.2f\t%.2f\t%.2f\t%.1f\t%s\t%s\t%.1f\t%s\t\n", f.Discomfort(), f.RMS, f.Overshoot, f.SwitchesPerDay(),
			stretchText(f.ShortestOn), stretchText(f.ShortestOff), f.Energy(s.outcome.heater, s.outcome.cooler), best)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, "* nothing else here is better in discomfort, switches or energy without being worse in another")
	return err
}

// runJSON is one run for machines.
type runJSON struct {
	Zone            string            `json:"zone"`
	Room            string            `json:"room"`
	Days            float64           `json:"days"`
	Settings        map[string]string `json:"settings,omitempty"`
	Undominated     *bool             `json:"undominated,omitempty"`
	Desired         float64           `json:"desired"`
	UpDelta         float64           `json:"up_delta"`
	DownDelta       float64           `json:"down_delta"`
	Mode            string            `json:"mode"`
	DiscomfortKh    float64           `json:"discomfort_kh"`
	DiscomfortBelow float64           `json:"discomfort_below_kh"`
	DiscomfortAbove float64           `json:"discomfort_above_kh"`
	RMSDeviationK   *float64          `json:"rms_deviation_k"`
	OvershootK      float64           `json:"overshoot_k"`
	SwitchesPerDay  float64           `json:"switches_per_day"`
	ShortestOnS     *float64          `json:"shortest_on_s"`
	ShortestOffS    *float64          `json:"shortest_off_s"`
	EnergyKWh       *float64          `json:"energy_kwh"`
	HeatingShare    float64           `json:"heating_share"`
	CoolingShare    float64           `json:"cooling_share"`
	ColdestCelsius  float64           `json:"coldest_celsius"`
	WarmestCelsius  float64           `json:"warmest_celsius"`
	Faults          []faultJSON       `json:"faults"`
	Estimate        *estimateJSON     `json:"estimate,omitempty"`
}

type faultJSON struct {
	Name  string  `json:"name"`
	Times int     `json:"times"`
	Hours float64 `json:"hours"`
}

func printRuns(out io.Writer, grid []*Simulation, varied bool) error {
	runs := []runJSON{}
	for _, s := range grid {
		runs = append(runs, s.json(varied))
	}
	return replay.WriteLine(out, map[string]any{"runs": runs})
}

func (s *Simulation) json(varied bool) runJSON {
	f, o := s.outcome.figures, s.outcome
	sp, _ := s.asked()
	r := runJSON{
		Zone: s.Zone.Name, Room: s.roomName, Days: rounded(f.Days()),
		Desired: sp.Desired, UpDelta: sp.UpDelta, DownDelta: sp.DownDelta, Mode: sp.Mode.String(),
		DiscomfortKh: rounded(f.Discomfort()), DiscomfortBelow: rounded(f.Below), DiscomfortAbove: rounded(f.Above),
		RMSDeviationK: knownNumber(f.RMS), OvershootK: rounded(f.Overshoot), SwitchesPerDay: rounded(f.SwitchesPerDay()),
		ShortestOnS: secondsOf(f.ShortestOn), ShortestOffS: secondsOf(f.ShortestOff),
		EnergyKWh:    knownNumber(f.Energy(o.heater, o.cooler)),
		HeatingShare: rounded(share(f.Heated, f.Time)), CoolingShare: rounded(share(f.Cooled, f.Time)),
		ColdestCelsius: rounded(f.Coldest), WarmestCelsius: rounded(f.Warmest), Faults: []faultJSON{},
		Estimate: s.estimate,
	}
	for i, name := range o.faults.names {
		r.Faults = append(r.Faults, faultJSON{name, o.faults.times[i], rounded(o.faults.lasted[i].Hours())})
	}
	if varied {
		r.Undominated, r.Settings = &s.best, map[string]string{}
		for _, try := range s.settings {
			r.Settings[try.key] = try.value
		}
	}
	return r
}

func rounded(x float64) float64 { return math.Round(x*1e4) / 1e4 }

// knownNumber is null for what is not known.
func knownNumber(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	x = rounded(x)
	return &x
}

func secondsOf(d time.Duration) *float64 {
	if d == 0 {
		return nil
	}
	return knownNumber(d.Seconds())
}

func (s *Simulation) draw(file string) error {
	out, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("plot: %w", err)
	}
	if err := errors.Join(s.chart().WriteSVG(out), out.Close()); err != nil {
		return fmt.Errorf("plot: %w", err)
	}
	return nil
}

func (s *Simulation) chart() house.Chart {
	o := s.outcome
	return house.Chart{
		Title: s.title(), Subtitle: s.summary(), Strip: o.strip,
		Start: s.Start, Dated: s.dated, FaultNames: o.faults.names, Cools: s.Zone.Params.Cooler,
	}
}

// title names zone, room and length.
func (s *Simulation) title() string {
	name := s.Zone.Name
	if name != s.roomName {
		name += ": " + s.roomName
	}
	return name + ", " + daysText(s.outcome.figures.Time)
}

func daysText(d time.Duration) string {
	days := d.Hours() / 24
	switch {
	case days < 0.95:
		return fmt.Sprintf("%.1f hours", d.Hours())
	case days > 0.99 && days < 1.01:
		return "1 day"
	}
	return fmt.Sprintf("%.3g days", days)
}
