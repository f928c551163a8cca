// Package calibrate compares sensors in a bath with the truth, or with each other.
package calibrate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"thermostat/agent/cli"
	"thermostat/agent/config"
	"thermostat/agent/devices"
	"thermostat/controlloop"
	"thermostat/drivers"
	"thermostat/drivers/correction"
)

type flags struct {
	file string
	to   string
	most time.Duration
}

// Command is `thermostat calibrate`.
func Command() *cobra.Command {
	f := &flags{}
	cmd := &cobra.Command{
		Use:   "calibrate ZONE…",
		Short: "Compare the sensors of zones in a bath, and say what to write",
		Long: `Put the sensors of the zones into one bath, such as stirred ice and water, and
name its temperature with --to. Without --to the sensors are compared with each
other: the middle one counts as right. The raw readings are measured, without any
correction; nothing is written, and no relay is touched. A bath that drifts is
waited for, and refused in the end.`,
		Example: "  thermostat calibrate kitchen bath --to 0.0\n  thermostat calibrate kitchen bath living-room",
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(cmd *cobra.Command, zones []string) error { return f.run(cmd, zones) },
	}
	cmd.Flags().StringVar(&f.file, "config", cli.DefaultConfig, "the configuration `FILE`")
	cmd.Flags().StringVar(&f.to, "to", "", "the `TEMPERATURE` of the bath, such as 0.0")
	cmd.Flags().DurationVar(&f.most, "for", 15*time.Minute, "how long to wait for a steady bath")
	return cmd
}

func (f *flags) run(cmd *cobra.Command, names []string) error {
	cfg, err := config.LoadOrExit(cmd, f.file)
	if err != nil {
		return err
	}
	truth := math.NaN()
	if f.to != "" {
		if truth, err = cli.ParseTemperature(f.to, cfg.Units); err != nil {
			return cli.Exit(cli.ExitUsage, err)
		}
		if truth < coldest || truth > hottest {
			return cli.Exit(cli.ExitUsage, fmt.Errorf("--to %s: outside %v..%v °C, in which thermometers measure", f.to, coldest, hottest))
		}
	}
	all, err := probes(cfg, names, drivers.NewHardware("/"))
	if err != nil {
		return cli.Exit(cli.ExitUsage, err)
	}
	if len(all) == 1 && math.IsNaN(truth) {
		return cli.Exit(cli.ExitUsage, errors.New("one sensor alone has nothing to be compared with: name the bath's temperature with --to, or more zones"))
	}
	return cli.Failed(measure(cmd.Context(), cmd.OutOrStdout(), all, truth, f.most))
}

// probe is a sensor in the bath.
type probe struct {
	name   string // kitchen: sensor
	spec   devices.Sensor
	sensor controlloop.Sensor // without its correction

	mu sync.Mutex
	course
}

// probes opens the zones' sensors on this machine, each once.
func probes(cfg config.Config, names []string, machine *drivers.Hardware) (all []*probe, err error) {
	for _, name := range names {
		i := slices.IndexFunc(cfg.Zones, func(z config.Zone) bool { return z.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("zone %s is not in the configuration", config.Shown(name))
		}
		d := cfg.Zones[i].Devices
		for n, s := range append([]devices.Sensor{d.Sensor}, d.Fallbacks...) {
			p := &probe{name: name + ": sensor", spec: s}
			if n > 0 {
				p.name = fmt.Sprintf("%s: fallback sensor %d", name, n)
			}
			if s.IsRemote() || s.IsSimulated() {
				return nil, fmt.Errorf("%s is no chip of this machine (%v): compare it by hand, and write what comes of that as calibrate", p.name, s)
			}
			if slices.ContainsFunc(all, func(o *probe) bool { return o.spec.Same(s) }) {
				continue
			}
			if p.sensor, err = machine.Sensor(s.SensorSpec); err != nil {
				return nil, fmt.Errorf("%s: %w", p.name, err)
			}
			all = append(all, p)
		}
	}
	return all, nil
}

const (
	readEvery = time.Second
	tellEvery = 30 * time.Second
)

// watch reads the sensor until the end.
func (p *probe) watch(ctx context.Context) {
	for ctx.Err() == nil {
		r, err := p.sensor.Read(ctx)
		p.mu.Lock()
		p.add(time.Now(), r.Celsius, err)
		p.mu.Unlock()
		cli.Pause(ctx, readEvery)
	}
}

func (p *probe) state(now time.Time) (f figures, unready string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.figures(), p.unready(now)
}

// measure waits until all sensors are steady, and says what to write.
func measure(ctx context.Context, out io.Writer, all []*probe, truth float64, most time.Duration) error {
	ctx, end := context.WithTimeout(ctx, most)
	defer end()
	for _, p := range all {
		go p.watch(ctx)
	}
	fmt.Fprintf(out, "measuring %d sensors; a steady bath takes %v\n", len(all), span)
	for began, told := time.Now(), time.Now(); ; cli.Pause(ctx, readEvery) {
		now := time.Now()
		var why []string
		for _, p := range all {
			if _, text := p.state(now); text != "" {
				why = append(why, p.name+" "+text)
			}
		}
		if len(why) == 0 {
			return tell(out, all, truth)
		}
		if ctx.Err() != nil {
			return fmt.Errorf("after %v nothing can be said: %s", now.Sub(began).Round(time.Second), strings.Join(why, "; "))
		}
		if now.Sub(told) >= tellEvery {
			told = now
			fmt.Fprintln(out, strings.Join(why, "\n"))
		}
	}
}

// tell says what each sensor shows, and what to write.
func tell(out io.Writer, all []*probe, truth float64) error {
	var shown []float64
	for _, p := range all {
		f, _ := p.state(time.Now())
		shown = append(shown, f.mean)
	}
	if math.IsNaN(truth) {
		truth = median(shown)
		fmt.Fprintf(out, "no --to: the middle of all, %.2f °C, counts as right\n", truth)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "sensor\tshows\tnoise\toff by\twrite")
	var refused []error
	for i, p := range all {
		f, _ := p.state(time.Now())
		points, err := merged(p.spec, correction.Point{Raw: hundredths(f.mean), True: hundredths(truth)})
		write := "calibrate: " + points.String()
		if err != nil {
			write = "nothing"
			refused = append(refused, fmt.Errorf("%s: %w", p.name, err))
		}
		fmt.Fprintf(table, "%s\t%.2f °C\t%.3f K\t%+.2f K\t%s\n", p.name, f.mean, f.noise, shown[i]-truth, write)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if slices.ContainsFunc(all, func(p *probe) bool { return p.spec.Offset != 0 }) {
		fmt.Fprintln(out, "calibrate stands in place of offset: take that away")
	}
	return errors.Join(refused...)
}

// merged puts a point among those that the sensor has: it stands in for those that are near.
func merged(s devices.Sensor, p correction.Point) (correction.Points, error) {
	points := slices.DeleteFunc(slices.Clone(s.Calibrate), func(o correction.Point) bool { return math.Abs(o.Raw-p.Raw) < correction.MinApart })
	points = append(points, p)
	slices.SortFunc(points, func(a, b correction.Point) int {
		if a.Raw < b.Raw {
			return -1
		}
		return 1
	})
	if wrong := points.Wrong(); wrong != "" {
		return nil, errors.New(wrong)
	}
	return points, nil
}

func hundredths(x float64) float64 {
	if x = math.Round(x*100) / 100; x == 0 {
		return 0 // and no -0
	}
	return x
}
