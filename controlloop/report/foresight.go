package report

import (
	"cmp"

	"thermostat/controlloop"
)

// Foresight is what the law has learned of a room, and what it sees coming.
type Foresight struct {
	Trusted      bool     `json:"trusted"`        // it may look ahead with it now
	LagMin       *float64 `json:"lag_min"`        // min, until the emitter gives 63 % of its heat
	WarmsKPerH   *float64 `json:"warms_k_per_h"`  // by the emitter at its full heat
	LosesKPerH   *float64 `json:"loses_k_per_h"`  // to weather and walls, without heat
	BandK        *float64 `json:"band_k"`         // the law's own half band
	StartsPerDay *float64 `json:"starts_per_day"` // over three days
	BudgetPerDay *float64 `json:"budget_per_day"` // of starts
	BudgetUnmet  bool     `json:"budget_unmet"`   // the output starts more often than it should, and the deltas do not let the law do better
	NextSwitchS  *float64 `json:"next_switch_s"`  // s, as foreseen; null: none within six hours, or the law does not look ahead
	TurnsAt      *float64 `json:"turns_at"`       // °C, the highest, or with heat the lowest temperature before the room turns round
}

// foresightOf gives the published form; nil before anything is learned.
func foresightOf(s *controlloop.Snapshot) *Foresight {
	is := s.Foresight
	if is.Segments == 0 {
		return nil
	}
	m := &is.Model
	away := m.Drift + float64(m.Loss*(is.Ask.Celsius-m.Shadow))
	f := &Foresight{
		Trusted: m.Trusted, LagMin: known(m.Lag*60, 1), WarmsKPerH: known(m.Gain, 1e2), LosesKPerH: known(away, 1e2),
		BandK: known(m.Band, 1e2), StartsPerDay: known(is.Starts, 10), BudgetPerDay: known(is.Budget, 10), BudgetUnmet: is.Unmet,
	}
	if !is.Looks {
		return f
	}
	if hours, ok := m.Switches(is.Ask); ok {
		f.NextSwitchS = known(hours*3600/cmp.Or(is.Speed, 1), 1)
	}
	turn := m.Highest(is.Ask.Celsius)
	if is.Ask.On {
		turn = m.Lowest(is.Ask.Celsius)
	}
	if s.HasCooler && !s.HasHeater {
		turn = -turn
	}
	f.TurnsAt = known(turn, 10)
	return f
}

// lawOf is the law's word; no word is hysteresis.
func lawOf(l controlloop.Law) string { return string(cmp.Or(l, controlloop.LawHysteresis)) }
