package simulate

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"thermostat/agent/config"
	"thermostat/agent/config/plant"
	"thermostat/agent/config/sources"
	"thermostat/agent/simulate/times"
	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/limits"
	"thermostat/drivers/simulated"
	"thermostat/house"
	"thermostat/house/climate"
)

// Simulation is one run of one zone: what is asked, and what came of it.
type Simulation struct {
	Zone     config.Zone
	Source   *sources.Source // that heats the zone; nil: its heater does
	silent   bool            // it runs for others on its source, and is not told of
	example  bool            // the zone stands in for a configuration
	alone    bool            // no other zone is simulated
	fixed    bool            // --desired holds, whatever a recording says
	Room     simulated.Spec
	params   *house.PhysicalParams // of an estimated room; nil: what room says
	roomName string
	Total    time.Duration // of room time
	settle   time.Duration // of it, before the figures count
	Start    time.Time     // the calendar's, for schedule and picture
	dated    bool          // start is a real date
	weather  *house.Weather
	climate  *climate.Params // of random weather; nil: none was asked for
	seed     uint64          // of it
	nth      uint64          // by which all seeds are larger, of a run that is one of several
	over     []*Simulation   // the runs of which this one is the mean; none: it is a run
	times    *times.Table    // when somebody is there; nil: always
	away     float64         // °C while nobody is; NaN: as if somebody were
	Centre   float64         // °C, the middle of what is comfortable
	comfort  float64         // K to either side
	faults   []simulatedFault
	plot     bool
	settings []setting // what --vary tries here
	best     bool      // nothing else in the grid is better in all
	outcome  outcome
	estimate *estimateJSON // of a recorded room; nil: none was asked for
}

// Monday is where the calendar of a run without recorded times begins: a Monday
// at midnight.
func Monday() time.Time { return time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC) }

// plan turns flags and configuration into one simulation a zone.
func (f *simulateFlags) plan(cmd *cobra.Command) ([]*Simulation, error) {
	if err := f.check(); err != nil {
		return nil, usage(err)
	}
	cfg, example, err := f.load(cmd)
	if err != nil {
		return nil, err
	}
	weather, err := f.readWeather()
	if err != nil {
		return nil, usage(err)
	}
	times, err := times.Parse(f.occupied)
	if err != nil {
		return nil, usage(err)
	}
	faults, err := parseSimulatedFaults(f.faults)
	if err != nil {
		return nil, usage(err)
	}
	var plans []*Simulation
	for _, z := range f.wanted(cfg) {
		s := &Simulation{
			Zone: z, Source: sourceOf(cfg, z), silent: f.zone != "" && z.Name != f.zone, Total: daysOf(f.days), settle: daysOf(f.settle), Start: Monday(),
			example: example, weather: weather, times: times, away: math.NaN(), comfort: f.comfort, faults: faults, plot: f.plot != "",
		}
		if err := f.fill(cmd, s); err != nil {
			return nil, usage(fmt.Errorf("zone %s: %w", z.Name, err))
		}
		plans = append(plans, s)
	}
	if len(plans) == 0 {
		return nil, usage(f.noZone(cfg))
	}
	plans[0].alone = len(plans) == 1
	return plans, nil
}

func daysOf(days float64) time.Duration { return time.Duration(days * 24 * float64(time.Hour)) }

// wanted are the zones that are asked for, and those that share a source with them.
func (f *simulateFlags) wanted(cfg config.Config) (zones []config.Zone) {
	shared := ""
	for _, z := range cfg.Zones {
		if z.Name == f.zone && f.tape == "" {
			shared = z.Calls
		}
	}
	for _, z := range cfg.Zones {
		if f.zone == "" || z.Name == f.zone || shared != "" && z.Calls == shared {
			zones = append(zones, z)
		}
	}
	return zones
}

// sourceOf is the source that heats a zone; nil: none does.
func sourceOf(cfg config.Config, z config.Zone) *sources.Source {
	i := slices.IndexFunc(cfg.Sources, func(s sources.Source) bool { return s.Name == z.Calls })
	if i < 0 {
		return nil
	}
	return &cfg.Sources[i]
}

func (f *simulateFlags) noZone(cfg config.Config) error {
	if f.zone == "" {
		return errors.New("no zones in the configuration: run thermostat probe")
	}
	var names []string
	for _, z := range cfg.Zones {
		names = append(names, z.Name)
	}
	return fmt.Errorf("zone: %s is none of %s", config.Shown(f.zone), strings.Join(names, ", "))
}

// check judges the flags by themselves.
func (f *simulateFlags) check() error {
	for _, b := range []struct {
		name      string
		value     float64
		low, high float64
	}{
		{"days", f.days, 0.01, 3660}, {"comfort", f.comfort, 0, 5}, {"outdoor", f.outdoor, -60, 60},
		{"swing", f.swing, 0, 40}, {"sun", f.sun, 0, 1500}, {"seeds", float64(f.seeds), 1, 1000},
	} {
		if !(b.low <= b.value && b.value <= b.high) {
			return fmt.Errorf("%s: %v is outside %v..%v", b.name, b.value, b.low, b.high)
		}
	}
	switch {
	case f.given("power") && !(f.power >= 1 && f.power <= 1e6):
		return fmt.Errorf("power: %v is outside 1..1000000 W", f.power)
	case f.given("power") && f.tape == "":
		return errors.New("power: belongs to --trace, but there is none")
	case f.room == traceRoom && f.tape == "":
		return errors.New("room: trace needs --trace FILE")
	case !(0 <= f.settle && f.settle < f.days):
		return fmt.Errorf("settle: %v is outside 0 to less than the %v days of the run", f.settle, f.days)
	case f.given("away") && f.occupied == "":
		return errors.New("away: belongs to --occupied, but that is not given")
	case f.plot != "" && len(f.vary) > 0:
		return errors.New("plot: draws one run, and --vary makes several: run the chosen one by itself")
	case f.tape != "" && f.room != traceRoom && len(f.vary) > 0:
		return errors.New("vary: a recording does not answer to other settings: add --room trace to try them in the room that it shows")
	case f.tape != "" && f.room != "" && f.room != traceRoom:
		return fmt.Errorf("room: with --trace it can only be trace, not %s", config.Shown(f.room))
	case f.tape != "" && f.room != traceRoom && f.simulates() != "":
		return fmt.Errorf("%s: means nothing to a recording: add --room trace to simulate the room that it shows", f.simulates())
	case f.plot != "" && f.seeds > 1:
		return errors.New("plot: draws one run, and --seeds makes several: name one by --seed")
	case f.random() && f.given("sun"):
		return errors.New("weather: random has a sun of its own, so --sun means nothing")
	case f.weather != "" && !f.random() && (f.given("outdoor") || f.given("swing") || f.given("sun")):
		return errors.New("weather: is recorded, so --outdoor, --swing and --sun mean nothing")
	}
	return nil
}

// simulates names a flag that is given and asks for a simulated room; none is empty.
func (f *simulateFlags) simulates() string {
	for _, name := range []string{"days", "settle", "away", "outdoor", "swing", "sun", "weather", "seed", "seeds", "place", "fault"} {
		if f.given(name) {
			return name
		}
	}
	return ""
}

// random reports whether the weather is made up.
func (f *simulateFlags) random() bool { return f.weather == "random" }

func (f *simulateFlags) readWeather() (*house.Weather, error) {
	if f.weather == "" || f.random() {
		return nil, nil
	}
	in, err := os.Open(f.weather)
	if err != nil {
		return nil, fmt.Errorf("weather: %w", err)
	}
	defer in.Close()
	w, err := house.ReadWeather(in)
	if err != nil {
		return nil, fmt.Errorf("weather: %s: %w", f.weather, err)
	}
	if days := w.Lasts().Hours() / 24; days < f.days {
		return nil, fmt.Errorf("weather: %s ends after %.2f days, but %v are asked (--days)", f.weather, days, f.days)
	}
	return w, nil
}

// fill gives a simulation its room and its setpoint.
func (f *simulateFlags) fill(cmd *cobra.Command, s *Simulation) error {
	if s.Source != nil && f.tape != "" {
		return fmt.Errorf("trace: no recording tells of the water of %s, by which it is heated: take a copy of the configuration without sources and calls", s.Source.Name)
	}
	if s.weather != nil {
		s.Start, s.dated = s.weather.Start, true
	}
	if err := f.chooseLaw(s); err != nil {
		return err
	}
	if err := f.chooseRoom(s); err != nil {
		return err
	}
	if err := f.chooseClimate(s); err != nil {
		return err
	}
	if err := f.chooseSetpoint(s); err != nil {
		return err
	}
	if !s.Zone.Devices.Sensor.IsSimulated() || f.room != "" {
		s.Zone.Params.Speed = 0 // the room's time is the clock's
	}
	if f.room == traceRoom {
		return estimateRoom(cmd.Context(), cmd.ErrOrStderr(), f, s)
	}
	return nil
}

// chooseRoom takes the zone's own simulated room, or one that fits its plant.
func (f *simulateFlags) chooseRoom(s *Simulation) error {
	sensor := s.Zone.Devices.Sensor
	switch {
	case f.room != "" && f.room != traceRoom:
		s.Room = simulated.SpecOf(f.room)
	case sensor.IsSimulated():
		s.Room = sensor.Simulated
	default:
		s.Room = simulated.SpecOf(plant.Of(s.Zone.Plant).Room)
	}
	s.roomName = s.Room.Model
	for flag, change := range map[string]func(){
		"outdoor": func() { s.Room.Outdoor = f.outdoor },
		"swing":   func() { s.Room.OutdoorSwing = f.swing },
		"sun":     func() { s.Room.Sun = f.sun },
		"seed":    func() { s.Room.Seed = f.seed },
		"place":   func() { s.Room.Place = f.place },
	} {
		if f.given(flag) {
			change()
		}
	}
	if vs := s.Room.Validate(); len(vs) > 0 {
		return fmt.Errorf("room: %w", vs[0])
	}
	if s.Source != nil && !simulated.HeatedByWater(s.Room.Model) {
		return fmt.Errorf("room: %s is not heated by the water of %s: name one of %s by --room", s.Room.Model, s.Source.Name, strings.Join(simulated.WaterModels(), ", "))
	}
	if s.weather != nil && s.Room.Model == "linear" {
		return errors.New("weather: the linear room has none")
	}
	return nil
}

// chooseLaw takes the law that is asked for in place of the configured one.
func (f *simulateFlags) chooseLaw(s *Simulation) error {
	if !f.given("law") {
		return nil
	}
	if err := config.SetZone(&s.Zone, "law", f.law); err != nil {
		return fmt.Errorf("law: %w", err)
	}
	if vs := limits.Validate(s.Zone.Params); len(vs) > 0 {
		return vs[0]
	}
	return nil
}

// chooseClimate lets the room live in random weather, if it is asked for.
func (f *simulateFlags) chooseClimate(s *Simulation) error {
	if !f.random() {
		return nil
	}
	if slices.Contains([]string{"linear", "refrigerator", "fermenter"}, s.Room.Model) {
		return fmt.Errorf("weather: random is a winter around a house, and %s stands in none", s.Room.Model)
	}
	winter := climate.Winter()
	if f.given("outdoor") {
		winter.Mean = f.outdoor
	}
	if f.given("swing") {
		winter.Swing = f.swing
	}
	s.Room.Outdoor, s.Room.OutdoorSwing, s.Room.Sun = winter.Mean, 0, 0
	s.climate, s.seed = &winter, 1
	if f.given("seed") {
		s.seed = f.seed
	}
	return nil
}

// chooseSetpoint finds what the zone holds, and what is comfortable.
func (f *simulateFlags) chooseSetpoint(s *Simulation) error {
	sp := &s.Zone.Default
	if f.given("desired") {
		sp.Desired, s.fixed = f.desired, true
		if sp.Mode <= controlloop.ModeOff || sp.Mode == controlloop.ModeAuto {
			sp.Mode = comfort.UsualMode(s.Zone.Params)
		}
	}
	if sp.Mode <= controlloop.ModeOff && f.tape != "" && f.room != traceRoom {
		return nil // what the recording says is held
	}
	if sp.Mode <= controlloop.ModeOff && s.silent {
		s.Centre = math.NaN() // it stays off, as in the house
		return nil
	}
	if sp.Mode <= controlloop.ModeOff {
		return errors.New("holds nothing: it has no default_setpoint that heats or cools (try --desired 21)")
	}
	if s.programmed() {
		if f.given("away") {
			return errors.New("away: the zone follows its program, which says what is held; leave --away out, or name --desired")
		}
		s.Centre = math.NaN() // it is the program's
		return nil
	}
	if err := limits.RefuseSetpoint(s.Zone.Params, *sp); err != nil {
		return err
	}
	s.Centre = sp.Desired
	if f.given("away") {
		s.away = f.away
		absent := *sp
		absent.Desired = f.away
		if err := limits.RefuseSetpoint(s.Zone.Params, absent); err != nil {
			return fmt.Errorf("away: %w", err)
		}
	}
	return nil
}

// roomConfig is a zone for a room that is simulated without a configuration.
func roomConfig(room string) (config.Config, error) {
	plant, mode, desired := "boiler", "heat", 21.0
	relays := "    heater: {driver: simulated}\n"
	switch room {
	case "panel", "timber", "linear", "room":
		plant = "electric"
	case "massive":
		plant = "floor"
	case "refrigerator":
		plant, mode, desired, relays = "fridge", "cool", 4, "    cooler: {driver: simulated}\n"
	case "fermenter":
		plant, mode, desired = "fermenter", "heat_cool", 19
		relays += "    cooler: {driver: simulated}\n"
	}
	text := fmt.Sprintf("device: example\nzones:\n  - name: %s\n    plant: %s\n    sensor: {driver: simulated, model: %s}\n%s"+
		"    default_setpoint: {mode: %s, desired: %v}\n", zoneName(room), plant, config.Shown(room), relays, mode, desired)
	cfg, complaints := config.Read("room", []byte(text))
	for _, c := range complaints {
		return cfg, fmt.Errorf("room: %s", c.Text)
	}
	return cfg, nil
}

func zoneName(room string) string {
	if config.ZoneForm.MatchString(room) {
		return room
	}
	return "room" // which is complained of next
}

func roomHelp() string {
	var b strings.Builder
	for _, r := range [][2]string{
		{"timber", "light timber building with electric heaters"},
		{"massive", "massive house with floor heating (plants floor, heat_pump)"},
		{"panel", "25 m² with an electric panel (plant electric)"},
		{"radiator", "25 m² with a water radiator (plant boiler)"},
		{"refrigerator", "household refrigerator (plant fridge)"},
		{"fermenter", "20 l of beer in a heated refrigerator (plant fermenter)"},
		{"room, linear", "the plain ones of the simulated driver"},
	} {
		fmt.Fprintf(&b, "  %-13s %s\n", r[0], r[1])
	}
	return strings.TrimSuffix(b.String(), "\n")
}
