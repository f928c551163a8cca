package figures

import "math"

// Turns holds the peak or trough that was foreseen at a switch of a heater against the one that
// came before the next switch. A cooler is the mirror: whoever adds turns the sign of its
// temperatures.
type Turns struct {
	Errors
	on       bool
	extreme  float64 // °C, since the last switch
	foreseen float64 // °C; NaN: nothing was foreseen
	begun    bool
}

// Add takes the next moment: what a sensor without noise shows, °C, and whether the output is
// on from then on. It reports whether that is a switch, for which [Turns.Foresee] may be called.
func (t *Turns) Add(celsius float64, on bool) (switched bool) {
	if !t.begun {
		*t = Turns{on: on, extreme: celsius, foreseen: math.NaN(), begun: true}
		return false
	}
	if t.on {
		t.extreme = min(t.extreme, celsius)
	} else {
		t.extreme = max(t.extreme, celsius)
	}
	if on == t.on {
		return false
	}
	if !math.IsNaN(t.foreseen) {
		t.Errors.add(math.Abs(t.extreme - t.foreseen))
	}
	t.on, t.extreme, t.foreseen = on, celsius, math.NaN()
	return true
}

// Foresee takes what is foreseen at the switch: after off the highest temperature, after on the lowest, °C.
func (t *Turns) Foresee(celsius float64) { t.foreseen = celsius }

// Errors are how far what came was from what was foreseen. They are counted by the
// thousandth of a kelvin, so that their memory does not grow with their number.
type Errors struct {
	Count int
	by    []int // their number, by mK; the last has all that are larger
}

const largest = 10000 // mK

func (e *Errors) add(kelvin float64) {
	at := int(math.Round(min(1000*kelvin, largest)))
	for len(e.by) <= at {
		e.by = append(e.by, 0)
	}
	e.by[at]++
	e.Count++
}

// Merge adds the errors of another run.
func (e *Errors) Merge(o Errors) {
	for at, n := range o.by {
		for len(e.by) <= at {
			e.by = append(e.by, 0)
		}
		e.by[at] += n
	}
	e.Count += o.Count
}

// Quantile is the error that a part of them, 0..1, does not exceed, K; NaN where there are none.
func (e Errors) Quantile(part float64) float64 {
	left := int(part*float64(e.Count-1) + 0.5)
	for at, n := range e.by {
		if left -= n; left < 0 {
			return float64(at) / 1000
		}
	}
	return math.NaN()
}
