package foresee

// Adapted is what is learned of what was foreseen, and of how often the heater starts.
type Adapted struct {
	Band   float64   // K, the model's own half band; 0: it has not begun
	Peak   float64   // K, by which real peaks are higher than foreseen
	Trough float64   // K, by which real troughs are lower
	Late   float64   // how many times as long as foreseen heating up takes; 0: not known
	Starts [12]uint8 // of the heater, in quarters of a day, the newest last
	Age    float64   // h, of the newest quarter
	Seen   float64   // h, of those quarters in all
}

// expected is what was foreseen at a switch, and what has come since.
type expected struct {
	turn    float64 // °C, the peak or trough
	extreme float64 // °C, so far
	stands  bool

	takes   float64 // h, to the goal of a preheat; 0: there is none
	goal    float64 // °C
	heating float64 // h, since its start
}

// How fast what was foreseen is put right.
const (
	turnStep  = 0.03 // K, a switch at most
	turnError = 0.06 // K, of an error that is worth all of it
	leastTurn = -0.1 // K
	mostTurn  = 0.6  // of the band
	bandPace  = 0.15
	latePace  = 0.3
	leastRise = 1  // K, of a preheat that is learned from
	quarter   = 6  // h
	days      = 72 // h, over which starts are counted
)

// Decided takes in what was decided, by whomever, at a moment that is so long after the one before.
// Starts a day are its budget.
func (l *Learner) Decided(a Ask, on bool, why Why, gone, budget float64) {
	l.passes(gone)
	l.follow(a, gone)
	if on == a.On {
		return
	}
	l.turned(a, on)
	if on {
		l.start(a, budget)
	}
	m := l.Model(budget)
	l.stands = m.Trusted
	if !l.stands {
		return
	}
	l.extreme = a.Celsius
	if l.turn = m.Highest(a.Celsius); on {
		l.turn = m.Lowest(a.Celsius)
	}
	if on && why == Preheats && l.takes == 0 && a.Next.Goal-a.Celsius > leastRise {
		_, cold := m.halves(&a)
		l.goal, l.heating = a.Next.Goal-min(earlyBy, min(cold, mostCold)), 0
		l.takes = m.Reaches(a.Celsius, l.goal, Horizon)
	}
}

// passes lets the counted quarters of a day go by.
func (l *Learner) passes(gone float64) {
	if gone >= days { // of a gap of years each quarter is as empty
		l.Starts, l.Age, l.Seen = [12]uint8{}, 0, days
		return
	}
	l.Age += gone
	l.Seen = min(l.Seen+gone, days)
	for l.Age >= quarter {
		l.Age -= quarter
		copy(l.Starts[:], l.Starts[1:])
		l.Starts[len(l.Starts)-1] = 0
	}
}

// follow watches what comes of what was foreseen.
func (l *Learner) follow(a Ask, gone float64) {
	if a.On {
		l.extreme = min(l.extreme, a.Celsius)
	} else {
		l.extreme = max(l.extreme, a.Celsius)
	}
	if l.disturbed > 0 {
		l.stands, l.takes = false, 0
	}
	if l.takes == 0 {
		return
	}
	l.heating += gone
	switch {
	case l.heating > 2*Horizon:
		l.takes = 0
	case a.Celsius >= l.goal:
		if l.takes < Horizon {
			l.Late = clamp(late(l.Late)*exp(float64(latePace*ln(clamp(l.heating/l.takes, 0.5, 2)))), 0.5, 2)
		}
		l.takes = 0
	}
}

func late(x float64) float64 {
	if x == 0 {
		return 1
	}
	return x
}

// turned holds the peak or trough that was foreseen against the one that came.
func (l *Learner) turned(a Ask, on bool) {
	if !l.stands {
		return
	}
	most := float64(mostTurn * l.Band)
	if on {
		l.Peak = clamp(l.Peak+float64(turnStep*clamp((l.extreme-l.turn)/turnError, -1, 1)), leastTurn, most)
	} else {
		l.Trough = clamp(l.Trough+float64(turnStep*clamp((l.turn-l.extreme)/turnError, -1, 1)), leastTurn, most)
	}
}

// start counts a start, and has the band follow the budget.
func (l *Learner) start(a Ask, budget float64) {
	newest := &l.Starts[len(l.Starts)-1]
	*newest = min(*newest, 254) + 1
	if l.Band == 0 {
		l.Band = firstBand
		return
	}
	most := min(a.Up, a.Down)
	l.Band = clamp(l.Band*(1+float64(bandPace*clamp(ln(l.Rate()/budget), -1, 1))), min(leastBand, most), most)
}

// Rate is how often the heater has started a day, over three days.
func (a *Adapted) Rate() float64 {
	n := 0.0
	for _, s := range a.Starts {
		n += float64(s)
	}
	return n / max(a.Seen/24, 1/4.)
}

// Whole reports whether the starts of three days are known.
func (a *Adapted) Whole() bool { return a.Seen >= days }
