// Command comfort compares laws for a heater in the rooms of the house, in random weather with people and
// windows: go run ./bench/comfort. It prints the tables of bench/README.md. With -pictures docs it draws the
// pictures of docs/control.md instead.
package main

import (
	"flag"
	"fmt"
	"os"
	"sync"
	"text/tabwriter"

	"thermostat/house"
)

// room is one of the house's, with a budget of starts a day.
type room struct {
	preset string
	budget float64
}

// rooms are those of the plants electric, electric, boiler and floor.
var rooms = []room{{"timber", 30}, {"panel", 30}, {"radiator", 16}, {"massive", 4.5}}

// named is a law and how to begin with it.
type named struct {
	name  string
	begin func(budget float64) law
}

func laws() []named {
	all := []named{}
	for _, h := range []float64{0.3, 0.5, 1} {
		all = append(all, named{fmt.Sprintf("hysteresis ±%v", h), func(float64) law { return plain{half: h} }})
	}
	all = append(all, named{"PI, duty of 15 min", func(float64) law { return &duty{} }})
	for _, lead := range []float64{1, 2, 3, 5} {
		all = append(all, named{fmt.Sprintf("±0.5, %v h ahead", lead), func(float64) law { return plain{half: 0.5, lead: lead} }})
	}
	return append(all, named{"foresee", func(budget float64) law { return &foreseen{half: 0.5, budget: budget} }})
}

// seeds are of weather and noise.
var seeds = []uint64{1, 2, 3}

func main() {
	pictures := flag.String("pictures", "", "draw the pictures of docs/control.md into this folder, and make no tables")
	flag.Parse()
	if *pictures != "" {
		if err := writePictures(*pictures); err != nil {
			fmt.Fprintln(os.Stderr, "comfort:", err)
			os.Exit(1)
		}
		return
	}
	table("A week with set-backs", week)
	table("One temperature", always)
}

// table prints what becomes of each room under each law, the mean of all seeds.
func table(title string, days func(int) []wish) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	defer w.Flush()
	fmt.Fprintf(w, "\n%s\n\n| room\t| law\t| K·h below\t| K·h above\t| late, median\t| late, most\t| early, h/d\t| kWh\t| starts/d\t| rms\t| mean\t| foreseen, median\t| foreseen, 90 %%\t|\n|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|\n", title)
	for _, r := range rooms {
		p, _ := house.Preset(r.preset)
		for _, l := range laws() {
			f := mean(p, l, r.budget, days)
			fmt.Fprintf(w, "| %s\t| %s\t| %.2f\t| %.2f\t| %.0f\t| %.0f\t| %.2f\t| %.1f\t| %.1f\t| %.3f\t| %+.3f\t| %.3f\t| %.3f\t|\n", r.preset, l.name,
				f.below, f.above, quantile(f.late, 0.5), quantile(f.late, 1), f.early, f.energy, f.starts, f.rms, f.mean, f.errors.Quantile(0.5), f.errors.Quantile(0.9))
		}
	}
}

// mean lives one life a seed.
func mean(p house.PhysicalParams, l named, budget float64, days func(int) []wish) (f outcome) {
	lives := make([]outcome, len(seeds))
	var running sync.WaitGroup
	for i, seed := range seeds {
		running.Go(func() { lives[i] = live(p, l.begin(budget), days, seed) })
	}
	running.Wait()
	t := tally{}
	for _, one := range lives {
		t.late = append(t.late, one.late...)
		t.errors.Merge(one.errors)
		for _, x := range []struct{ to, is *float64 }{
			{&t.below, &one.below}, {&t.above, &one.above}, {&t.early, &one.early}, {&t.energy, &one.energy}, {&t.starts, &one.starts}, {&t.rms, &one.rms}, {&t.outcome.mean, &one.mean},
		} {
			*x.to += *x.is / float64(len(lives))
		}
	}
	return sorted(t.outcome)
}
