package simulate

import (
	"math"
	"testing"
	"time"

	"thermostat/agent/config"
	"thermostat/drivers/simulated"
)

// benchmarkRun is one zone at 5 s steps, with the picture's strip.
func benchmarkRun(b *testing.B, days float64) {
	cfg, _ := config.Read("example", []byte(ExampleConfig))
	b.ReportAllocs()
	for b.Loop() {
		s := &Simulation{
			Zone: cfg.Zones[0], Room: simulated.SpecOf("panel"), Total: time.Duration(days * 24 * float64(time.Hour)),
			Start: Monday(), away: math.NaN(), Centre: 21, comfort: 0.5, plot: true,
		}
		if err := s.run(b.Context(), newProgress(nil, nil)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSimulateWeek: at most 0.1 s.
func BenchmarkSimulateWeek(b *testing.B) { benchmarkRun(b, 7) }

// BenchmarkSimulateYear: at most 5 s.
func BenchmarkSimulateYear(b *testing.B) { benchmarkRun(b, 365) }
