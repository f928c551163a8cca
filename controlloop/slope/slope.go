// Package slope finds an open window by how fast a room cools. It is pure and imports
// only std.
package slope

import (
	"math"
	"time"
)

// The numbers of the finder. A room that was heated a moment ago cools fast without any
// window, the faster the colder it is outdoors; warming and cooling together are always the
// same, what its heater gives. So that sum is what is learned.
const (
	Least, Most = 2.0, 12.0 // K/h, of a threshold
	factor      = 1.8       // of what is learned
	ends        = 0.2       // of the threshold, under which the window counts as closed
	Days        = 3         // of learning before there is a verdict
	share       = 0.6       // of warming and cooling together, that a room may cool by in colder weather
	forget      = 0.98      // of what is learned, with each day
	ran         = 30 * time.Minute
	rests       = time.Hour        // after a window or a gap, until the room counts as itself again
	Blind       = 15 * time.Minute // after a window that was open for all its time
	every       = 30 * time.Second
	places      = 20
	span        = places * every // over which a slope is measured
	longest     = 2 * time.Minute
	coarsest    = 0.5 // K, the step of a thermometer that has not moved yet
)

// Params say what counts as a window.
type Params struct {
	Threshold float64       // K/h; 0: by what the room has shown of itself
	Max       time.Duration // an open window lasts no longer
	Speed     float64       // of a simulated room's time; 0 is 1
}

// Look is what is seen at once.
type Look struct {
	Now     time.Time
	Celsius float64 // °C, of a fresh good reading; NaN: there is none
	Step    float64 // K, of its thermometer; 0: not known
	On      bool    // an output is on
	Cools   bool    // the zone cools: all is upside down
}

// Learned is what a room has shown of itself; zero: nothing yet.
type Learned struct {
	Rate float64 `json:"rate"` // K/h, that it cools at most after full heat
	Days int     `json:"days"` // of learning
}

// Threshold is the slope that counts as a window, in K/h; 0: nobody knows yet.
func (l Learned) Threshold() float64 {
	if l.Days < Days {
		return 0
	}
	return min(max(factor*l.Rate, Least), Most)
}

// State is what is remembered from one look to the next; the zero value is a start. Its
// times are of the room, since the start.
type State struct {
	Open    bool // a window is
	Learned Learned

	last  time.Time // of the last look
	now   time.Duration
	since time.Duration // when the window opened
	blind time.Duration // until when nothing is found
	own   time.Duration // from when on the room counts as itself
	cools bool

	sum    float64 // of the present mean
	count  int
	began  time.Duration   // of the present mean
	ring   [places]float64 // the means before, the newest at place filled-1
	filled int
	shown  float64 // °C, last
	step   float64 // K, the smallest change seen; 0: none

	day      time.Duration // when it began
	up, down float64       // K/h, the most of this day
	on, off  time.Duration // of this day
}

// See looks once more.
func See(p Params, s State, in Look) State {
	gap := in.Now.Sub(s.last)
	if p.Speed > 0 {
		gap = time.Duration(float64(gap) * p.Speed)
	}
	first := s.last.IsZero()
	if s.last = in.Now; first {
		gap = 0
	}
	s.now += max(gap, 0)
	if math.IsNaN(in.Celsius) || first || gap < 0 || gap > longest || in.Cools != s.cools {
		s.beginAnew(in)
		return s
	}
	s.take(in, gap)
	if s.now-s.began < every {
		return s
	}
	mean := s.sum / float64(s.count)
	s.sum, s.count, s.began = 0, 0, s.now
	s.push(mean)
	s.judge(&p, mean)
	s.learn()
	return s
}

// beginAnew forgets the present course, but not what was learned.
func (s *State) beginAnew(in Look) {
	s.Open, s.cools, s.shown = false, in.Cools, math.NaN()
	s.sum, s.count, s.filled, s.began = 0, 0, 0, s.now
	s.own = s.now + rests
}

// take takes a reading into the present mean.
func (s *State) take(in Look, gap time.Duration) {
	if change := math.Abs(in.Celsius - s.shown); change > 0 && (s.step == 0 || change < s.step) {
		s.step = change
	}
	if in.Step > 0 {
		s.step = in.Step
	}
	s.shown = in.Celsius
	if in.On {
		s.on += gap
	} else {
		s.off += gap
	}
	x := in.Celsius
	if in.Cools {
		x = -x
	}
	s.sum, s.count = s.sum+x, s.count+1
}

func (s *State) push(mean float64) {
	if s.filled == places {
		copy(s.ring[:], s.ring[1:])
		s.filled--
	}
	s.ring[s.filled] = mean
	s.filled++
}

// perHour is a change over the span.
func perHour(kelvin float64) float64 { return kelvin / span.Hours() }

// judge finds a window, or its end.
func (s *State) judge(p *Params, mean float64) {
	threshold := p.Threshold
	if threshold == 0 {
		threshold = s.Learned.Threshold()
	}
	high := mean
	for _, x := range s.ring[:s.filled] {
		high = max(high, x)
	}
	open := s.now - s.since
	switch {
	case !s.Open && threshold > 0 && s.now >= s.blind && perHour(high-mean-s.wholeStep()) >= threshold:
		s.Open, s.since = true, s.now
	case s.Open && open >= p.Max:
		s.blind = s.now + Blind
		s.close()
	case s.Open && open >= span/2 && perHour(s.ring[0]-mean) < ends*threshold:
		s.close()
	}
}

func (s *State) close() { s.Open, s.own, s.filled = false, s.now+rests, 0 }

// wholeStep is what a thermometer may show of no change at all, K.
func (s *State) wholeStep() float64 {
	if s.step == 0 {
		return coarsest
	}
	return s.step
}

// learn notes what the room does by itself.
func (s *State) learn() {
	if !s.Open && s.now >= s.own && s.filled == places {
		change, step := s.ring[places-1]-s.ring[0], float64(s.wholeStep()/2)
		s.up, s.down = max(s.up, perHour(change-step)), max(s.down, perHour(-change-step))
	}
	if s.now-s.day < 24*time.Hour {
		return
	}
	if s.on >= ran && s.off >= ran { // a day without heat shows nothing
		s.Learned.Rate = max(s.down, share*(s.up+s.down), forget*s.Learned.Rate)
		s.Learned.Days++
	}
	s.day, s.up, s.down, s.on, s.off = s.now, 0, 0, 0, 0
}
