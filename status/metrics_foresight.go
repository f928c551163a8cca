package status

import "thermostat/controlloop"

// foresightDescs are the metrics of what the law has learned of a room.
type foresightDescs struct{ trusted, lag, gain, starts, budget, unmet *desc }

func newForesightDescs() foresightDescs {
	d := func(name, help string) *desc {
		return &desc{"thermostat_foresight_" + name, help + "; absent before anything is learned.", []string{"zone"}}
	}
	return foresightDescs{
		trusted: d("trusted", "Whether the law may look ahead with what it has learned of the room"),
		lag:     d("lag_seconds", "How long the emitter takes until it gives 63 % of its heat"),
		gain:    d("gain_kelvin_per_hour", "How fast the emitter warms the room at its full heat, or cools it"),
		starts:  d("starts_per_day", "How often the output starts, over three days"),
		budget:  d("starts_budget_per_day", "How often it should start at most"),
		unmet:   d("budget_unmet", "Whether it starts more often, and the deltas do not let the law do better"),
	}
}

func (d foresightDescs) tell(e emitter, s controlloop.Snapshot) {
	is := s.Foresight
	if is.Segments == 0 {
		return
	}
	e.gauge(d.trusted, oneIf(is.Model.Trusted), s.Zone)
	e.known(d.lag, is.Model.Lag*3600, s.Zone)
	e.known(d.gain, is.Model.Gain, s.Zone)
	e.known(d.starts, is.Starts, s.Zone)
	e.known(d.budget, is.Budget, s.Zone)
	e.gauge(d.unmet, oneIf(is.Unmet), s.Zone)
}
