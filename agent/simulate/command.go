package simulate

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"thermostat/agent/cli"
	"thermostat/agent/config"
	"thermostat/controlloop"
)

// simulateFlags are what a user may say about a simulation.
type simulateFlags struct {
	config, zone, room, place     string
	days, settle                  float64
	desired, away, comfort        float64
	outdoor, swing, sun, power    float64
	seed                          uint64
	seeds                         int
	law                           string
	occupied, weather, plot, tape string
	vary, faults                  []string
	asJSON                        bool
	given                         func(flag string) bool
}

// Command is `thermostat simulate`.
func Command() *cobra.Command {
	var f simulateFlags
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "See weeks of the configured zones in seconds: comfort, switching and energy, and a picture",
		Long: `Runs the law, guards and timers of the agent against a simulated room in virtual time.
Zones that call a source run together with it, on one simulated boiler.
A zone with a simulated sensor has that room; another has one that fits its plant, or the --room:
` + roomHelp() + `
What the figures mean, and where the rooms are from: docs/simulate.md`,
		Example: `  thermostat simulate --config config.yaml --plot week.svg
  thermostat simulate --room radiator --days 365 --weather year.csv
  thermostat simulate --vary up_delta=0.1,0.3,0.5 --vary min_off=3m,10m
  thermostat simulate --vary law=hysteresis,foresee --weather random --seeds 3 --days 21
  thermostat simulate --trace living-room.jsonl`,
		Args: cli.NoFile,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.given = cmd.Flags().Changed
			return f.run(cmd)
		},
	}
	f.register(cmd)
	return cmd
}

func (f *simulateFlags) register(cmd *cobra.Command) {
	s := cmd.Flags()
	s.StringVar(&f.config, "config", cli.DefaultConfig, "the configuration `FILE`; without one an example zone is used")
	s.StringVar(&f.zone, "zone", "", "only this `ZONE` of the configuration; what shares a source with it is simulated, too")
	cli.NumberVar(s, &f.days, "days", 7, "how many days of room time, 0.01..3660")
	cli.NumberVar(s, &f.settle, "settle", 0, "how many first days do not count, such as while a law learns")
	s.StringVar(&f.room, "room", "", "the `ROOM` to simulate; trace: the one that --trace shows")
	s.StringVar(&f.place, "place", "", "where the sensor hangs: air, wall, window (in its draught), heater (beside it)")
	cli.NumberVar(s, &f.desired, "desired", 0, "hold this many °C instead of the configured temperature")
	s.StringVar(&f.occupied, "occupied", "", "when somebody is there, like `'mon-fri 06:30-08:30,17:00-22:30; sat,sun 08:00-23:00'`; else always")
	cli.NumberVar(s, &f.away, "away", 0, "hold this many °C while nobody is there")
	cli.NumberVar(s, &f.comfort, "comfort", 0.5, "what counts as comfortable: so many K around desired, 0..5")
	cli.NumberVar(s, &f.outdoor, "outdoor", 0, "mean of the day outdoors, °C (default: the room's)")
	cli.NumberVar(s, &f.swing, "swing", 0, "half the difference between the warmest and the coldest hour, K (default: the room's)")
	cli.NumberVar(s, &f.sun, "sun", 0, "sun through the window at noon, W/m² (default: the room's)")
	s.StringVar(&f.weather, "weather", "", "random: a winter with sun and clouds, people and windows; else recorded weather, a CSV `FILE` with the columns time, celsius and, optional, w_per_m2")
	cli.WholeVar(s, &f.seed, "seed", 0, "of the sensor's noise and of random weather (default: the room's, and 1)")
	cli.WholeVar(s, &f.seeds, "seeds", 1, "run with so many seeds, each one more than the last: means, worst and spread, 1..1000")
	s.StringVar(&f.law, "law", "", "decide by this law, "+strings.Join(controlloop.Laws(), ", ")+", instead of the configured one")
	s.StringArrayVar(&f.faults, "fault", nil, "break something: `NAME@TIME`, like sensor-gone@30h; may be given again ("+simulatedFaultNames()+")")
	s.StringVar(&f.plot, "plot", "", "draw the run into this SVG `FILE`; of several zones each into its own")
	s.StringArrayVar(&f.vary, "vary", nil, "try several values, `KEY=A,B,…`; with several keys all combinations ("+strings.Join(config.Vary(), ", ")+")")
	s.StringVar(&f.tape, "trace", "", "a recording, a `FILE` of replay's JSON lines, of watch --json or CSV: decide on it, and estimate its room")
	cli.NumberVar(s, &f.power, "power", 0, "of the heater (or cooler) of the recorded room, W (default: the room's)")
	s.BoolVar(&f.asJSON, "json", false, "print the figures as JSON")
}

func (f *simulateFlags) run(cmd *cobra.Command) error {
	plans, err := f.plan(cmd)
	if err != nil {
		return err
	}
	if f.tape != "" && f.room != traceRoom {
		return f.runTrace(cmd, plans)
	}
	grid, err := gridOf(plans, f.vary)
	if err != nil {
		return usage(err)
	}
	runs, err := seeded(grid, f.seeds)
	if err != nil {
		return usage(err)
	}
	bar := newProgress(cmd.ErrOrStderr(), runs)
	defer bar.end()
	all := togetherOf(runs)
	if err := runAll(cmd.Context(), all, bar); err != nil {
		return cli.Failed(err)
	}
	bar.end()
	summarise(grid, runs, f.seeds)
	if err := f.draw(shown(grid)); err != nil {
		return cli.Failed(err)
	}
	return cli.Failed(printFigures(cmd.OutOrStdout(), f, shown(grid), sourcesShown(all, f.seeds)))
}

// usage is an error of whoever called.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return cli.Exit(cli.ExitUsage, err)
}

// ExampleConfig is what simulate runs where there is no configuration.
const ExampleConfig = `device: example
zones:
  - name: living-room
    plant: electric
    sensor: {driver: simulated, model: panel}
    heater: {driver: simulated}
    default_setpoint: {mode: heat, desired: 21, up_delta: 0.3, down_delta: 0.3}
`

// load reads the configuration. One that nobody named and that is not there is
// replaced by an example, which is said.
func (f *simulateFlags) load(cmd *cobra.Command) (cfg config.Config, example bool, err error) {
	if f.given("config") || readable(f.config) {
		cfg, err = config.LoadOrExit(cmd, f.config)
		return cfg, false, err
	}
	if f.room != "" && f.room != traceRoom {
		cfg, err = roomConfig(f.room)
		return cfg, true, usage(err)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "simulate: no configuration at %s: an example zone stands in, electric, heating to 21 °C (name one with --config, or a room with --room)\n", f.config)
	cfg, _ = config.Read("example", []byte(ExampleConfig))
	return cfg, true, nil
}

func readable(file string) bool {
	opened, err := os.Open(file)
	if err != nil {
		return false
	}
	return opened.Close() == nil
}

// runAll runs all, as many at once as there are processors.
func runAll(ctx context.Context, all []*Together, bar *progress) error {
	return inParallel(len(all), func(i int) error { return all[i].run(ctx, bar) })
}

// draw writes the pictures.
func (f *simulateFlags) draw(grid []*Simulation) error {
	if f.plot == "" {
		return nil
	}
	for _, s := range grid {
		file := f.plot
		if len(grid) > 1 {
			file = strings.TrimSuffix(f.plot, ".svg") + "-" + s.Zone.Name + ".svg"
		}
		if err := s.draw(file); err != nil {
			return err
		}
	}
	return nil
}
