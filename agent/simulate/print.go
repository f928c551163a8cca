package simulate

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"thermostat/agent/replay"
	"thermostat/agent/simulate/site"
	"thermostat/agent/simulate/times"
	"thermostat/house"
	"thermostat/house/figures"
)

// printFigures writes the figures: one block a zone and a source, tables for a grid, or JSON.
func printFigures(out io.Writer, f *simulateFlags, grid []*Simulation, boilers []site.Figures) error {
	if len(f.vary) > 0 {
		markBest(grid)
	}
	switch {
	case f.asJSON:
		return printRuns(out, grid, boilers, len(f.vary) > 0)
	case len(f.vary) > 0:
		return printGrids(out, grid, boilers)
	}
	for i, s := range grid {
		if i > 0 {
			fmt.Fprintln(out)
		}
		if _, err := io.WriteString(out, s.block()); err != nil {
			return err
		}
	}
	for _, b := range boilers {
		if _, err := io.WriteString(out, "\n"+b.Block()); err != nil {
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
	line("starts", "%.1f a day%s", f.StartsPerDay(), budgetText(s.budget()))
	line("accuracy", "%s", accuracyText(f.Steady))
	line("energy", "%s", energyText(o.energy()))
	line("on", "%s", sharesText(s, f))
	if o.arrived != nil {
		line("transitions", "%s", arrivalsText(*o.arrived, s.Zone.Comfort.Mode))
	}
	if n := o.errors.Count; n > 0 {
		line("foreseen", "%d peaks and troughs: half of them within %.3f K, nine of ten within %.3f K", n, o.errors.Quantile(0.5), o.errors.Quantile(0.9))
	}
	line("air", "%.2f..%.2f °C", f.Coldest, f.Warmest)
	line("faults", "%s", o.faults.text())
	if len(s.over) > 0 {
		line("seeds", "%d: %s", len(s.over), spreadText(s.over))
	}
	return b.String()
}

// budget is how many starts a day the law keeps to where it looks ahead; NaN in a zone of two outputs, which it does not learn.
func (s *Simulation) budget() float64 {
	if s.Zone.Params.Heater && s.Zone.Params.Cooler {
		return math.NaN()
	}
	return s.Zone.Params.StartsPerDay
}

func budgetText(starts float64) string {
	if math.IsNaN(starts) {
		return ""
	}
	return fmt.Sprintf(", starts_per_day %v", starts)
}

func accuracyText(s figures.Steady) string {
	if s.Cycles == 0 {
		return "not known: nothing is held for two cycles"
	}
	return fmt.Sprintf("%.2f K: on average %+.2f K from what is held, and ±%.2f K around that", s.Accuracy(), s.Deviation(), s.Variation())
}

// summary is the same in one line, for the picture.
func (s *Simulation) summary() string {
	f, o := s.outcome.figures, s.outcome
	return fmt.Sprintf("discomfort %.2f K·h · %.1f switches a day · %s · overshoot %.2f K",
		f.Discomfort(), f.SwitchesPerDay(), energyText(o.energy()), f.Overshoot)
}

func whileThere(t *times.Table) string {
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

func sharesText(s *Simulation, f figures.Figures) string {
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

// printGrids writes the table of the zones, and that of their sources.
func printGrids(out io.Writer, grid []*Simulation, boilers []site.Figures) error {
	if err := printGrid(out, grid); err != nil || len(boilers) == 0 {
		return err
	}
	fmt.Fprintln(out)
	return site.PrintGrid(out, boilers)
}

// printGrid writes a row a run, and a star where nothing beats it.
func printGrid(out io.Writer, grid []*Simulation) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "ZONE\t")
	for _, try := range grid[0].settings {
		fmt.Fprintf(w, "%s\t", strings.ToUpper(try.key))
	}
	fmt.Fprint(w, "DISCOMFORT K·h\tDEVIATION K\tOVERSHOOT K\tSWITCHES/DAY\tSHORTEST ON\tOFF\tENERGY kWh\t")
	follows := slices.ContainsFunc(grid, func(s *Simulation) bool { return s.outcome.arrived != nil })
	if follows {
		fmt.Fprint(w, "LATE min\tWORST\tEARLY min\tWORST\t")
	}
	foresees := slices.ContainsFunc(grid, func(s *Simulation) bool { return s.outcome.errors.Count > 0 })
	if foresees {
		fmt.Fprint(w, "FORESIGHT ERROR K\t90 %\t")
	}
	fmt.Fprintln(w, "BEST\t")
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
		fmt.Fprintf(w, "%.2f\t%.2f\t%.2f\t%.1f\t%s\t%s\t%.1f\t", f.Discomfort(), f.RMS, f.Overshoot, f.SwitchesPerDay(),
			stretchText(f.ShortestOn), stretchText(f.ShortestOff), s.outcome.energy())
		if follows {
			fmt.Fprint(w, arrivalsCells(s.outcome.arrived))
		}
		if foresees {
			fmt.Fprint(w, errorCells(s.outcome.errors))
		}
		fmt.Fprintf(w, "%s\t\n", best)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, "* nothing else here is better in discomfort, switches or energy without being worse in another")
	return err
}

// errorCells are the columns of what was foreseen; empty where nothing was.
func errorCells(e figures.Errors) string {
	if e.Count == 0 {
		return "\t\t"
	}
	return fmt.Sprintf("%.3f\t%.3f\t", e.Quantile(0.5), e.Quantile(0.9))
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
	Law             string            `json:"law"`
	StartsPerDay    float64           `json:"starts_per_day"`
	StartsBudget    *float64          `json:"starts_budget"` // null: the zone has two outputs
	ControlAccuracy *float64          `json:"control_accuracy_k"`
	ControlOffset   *float64          `json:"control_deviation_k"`
	ControlSwing    *float64          `json:"control_variation_k"`
	ForesightError  *foresightJSON    `json:"foresight_error_k"` // null: nothing was foreseen
	ShortestOnS     *float64          `json:"shortest_on_s"`
	ShortestOffS    *float64          `json:"shortest_off_s"`
	EnergyKWh       *float64          `json:"energy_kwh"`
	HeatingShare    float64           `json:"heating_share"`
	CoolingShare    float64           `json:"cooling_share"`
	ColdestCelsius  float64           `json:"coldest_celsius"`
	WarmestCelsius  float64           `json:"warmest_celsius"`
	Faults          []faultJSON       `json:"faults"`
	arrivalsJSON
	Estimate *estimateJSON         `json:"estimate,omitempty"`
	Seeds    int                   `json:"seeds,omitempty"`
	Spread   map[string][2]float64 `json:"spread,omitempty"` // least and most of the seeds
}

// foresightJSON is how far peaks and troughs were from what was foreseen.
type foresightJSON struct {
	Median float64 `json:"median"`
	P90    float64 `json:"p90"`
	Count  int     `json:"count"`
}

func foresightOf(e figures.Errors) *foresightJSON {
	if e.Count == 0 {
		return nil
	}
	return &foresightJSON{e.Quantile(0.5), e.Quantile(0.9), e.Count}
}

type faultJSON struct {
	Name  string  `json:"name"`
	Times int     `json:"times"`
	Hours float64 `json:"hours"`
}

func printRuns(out io.Writer, grid []*Simulation, boilers []site.Figures, varied bool) error {
	runs := []runJSON{}
	for _, s := range grid {
		runs = append(runs, s.json(varied))
	}
	told := map[string]any{"runs": runs}
	var all []site.JSON
	for _, b := range boilers {
		all = append(all, b.JSON())
		told["sources"] = all
	}
	return replay.WriteLine(out, told)
}

func (s *Simulation) json(varied bool) runJSON {
	f, o := s.outcome.figures, s.outcome
	sp, _ := s.asked()
	r := runJSON{
		Zone: s.Zone.Name, Room: s.roomName, Days: rounded(f.Days()),
		Desired: sp.Desired, UpDelta: sp.UpDelta, DownDelta: sp.DownDelta, Mode: sp.Mode.String(),
		DiscomfortKh: rounded(f.Discomfort()), DiscomfortBelow: rounded(f.Below), DiscomfortAbove: rounded(f.Above),
		RMSDeviationK: knownNumber(f.RMS), OvershootK: rounded(f.Overshoot), SwitchesPerDay: rounded(f.SwitchesPerDay()),
		Law: string(s.Zone.Params.Law), StartsPerDay: rounded(f.StartsPerDay()), StartsBudget: knownNumber(s.budget()),
		ControlAccuracy: knownNumber(f.Steady.Accuracy()), ControlOffset: knownNumber(f.Steady.Deviation()), ControlSwing: knownNumber(f.Steady.Variation()),
		ForesightError: foresightOf(o.errors),
		ShortestOnS:    secondsOf(f.ShortestOn), ShortestOffS: secondsOf(f.ShortestOff),
		EnergyKWh:    knownNumber(o.energy()),
		HeatingShare: rounded(share(f.Heated, f.Time)), CoolingShare: rounded(share(f.Cooled, f.Time)),
		ColdestCelsius: rounded(f.Coldest), WarmestCelsius: rounded(f.Warmest), Faults: []faultJSON{},
		arrivalsJSON: arrivalsOf(o.arrived), Estimate: s.estimate,
	}
	if len(s.over) > 0 {
		r.Seeds, r.Spread = len(s.over), spread(s.over)
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
