package foresee

// sums are what is known about one lag from all segments, each newer one
// counting more: products of Y, the room's temperature, H, the heat that the emitter has given, and A, the
// cold that has come through the walls, after level and slope have been taken out of each.
type sums struct{ HH, HA, AA, HY, AY, YY float64 }

// series is one of the three within a segment: its sum, and its sum weighted by time.
type series struct{ x, tx float64 }

func (s *series) add(t, x float64) {
	s.x += x
	s.tx += float64(t * x)
}

// segment is a stretch of minutes over which level and slope are nobody's.
type segment struct {
	n, t, tt float64 // minutes, and sums of their times and of the squares of these
	on       float64 // h, with heat
	spoilt   bool    // something else than heat and weather was at work
	y, a     series
	yy, ay   float64
	aa       float64
	area     float64 // h K, A now
	start    float64 // °C, of Y
	lag      [len(lags)]lagSegment
}

// lagSegment is what a segment holds for one lag.
type lagSegment struct {
	h          series
	hh, ha, hy float64
	heat       float64 // h, H now
}

// minute takes the middle of a minute in: the mean temperature, and for each lag the heat
// given until then.
func (s *segment) minute(t, dt, celsius, shadow float64, u float64, emitted *[len(lags)]float64) {
	if s.n == 0 {
		s.start = celsius
	}
	y := celsius - s.start
	grown := float64((celsius - shadow) * dt)
	a := -(s.area + float64(grown/2))
	s.area += grown
	s.n++
	s.t += t
	s.tt += float64(t * t)
	s.on += float64(u * dt)
	s.y.add(t, y)
	s.a.add(t, a)
	s.yy += float64(y * y)
	s.ay += float64(a * y)
	s.aa += float64(a * a)
	for i := range s.lag {
		l := &s.lag[i]
		gave := emit(&emitted[i], u, dt, lags[i])
		h := l.heat + float64(gave/2)
		l.heat += gave
		l.h.add(t, h)
		l.hh += float64(h * h)
		l.ha += float64(h * a)
		l.hy += float64(h * y)
	}
}

// emit lets an emitter live for dt under u, and is what it gives in that time, h.
func emit(h *float64, u, dt, lag float64) float64 {
	decay := exp(-dt / lag)
	over := *h - u
	*h = u + float64(over*decay)
	return float64(u*dt) + float64(float64(over*lag)*(1-decay))
}

// rid is a product of two series with level and slope taken out of both.
func (s *segment) rid(product float64, p, q *series) float64 {
	det := float64(s.n*s.tt) - float64(s.t*s.t)
	if !(det > 0) {
		return 0
	}
	level := float64(s.tt*float64(p.x*q.x)) - float64(s.t*(float64(p.x*q.tx)+float64(p.tx*q.x))) + float64(s.n*float64(p.tx*q.tx))
	return product - level/det
}

// add takes a segment in.
func (k *Known) add(s *segment) {
	aa, ay, yy := s.rid(s.aa, &s.a, &s.a), s.rid(s.ay, &s.a, &s.y), s.rid(s.yy, &s.y, &s.y)
	for i := range k.Sums {
		l, to := &s.lag[i], &k.Sums[i]
		for _, x := range [...]struct {
			to  *float64
			now float64
		}{
			{&to.HH, s.rid(l.hh, &l.h, &l.h)}, {&to.HA, s.rid(l.ha, &l.h, &s.a)}, {&to.AA, aa},
			{&to.HY, s.rid(l.hy, &l.h, &s.y)}, {&to.AY, ay}, {&to.YY, yy},
		} {
			*x.to = float64(forget**x.to) + x.now
		}
	}
	k.Minutes = float64(forget*k.Minutes) + s.n
	k.Segments = min(k.Segments+1, manySegments)
}

// How fast older segments are forgotten, and the bounds of what a room can be.
const (
	forget       = 0.97
	manySegments = 1000
	maxGain      = 90. // K/h
	maxLoss      = 8.  // 1/h
)

// fit is what the sums of a lag say of a room.
type fit struct {
	gain, loss float64
	residual   float64 // K², in all
	spread     float64 // of the gain, K/h: one standard deviation
	explained  float64 // R², 0..1
}

// solve is the least-squares solution within the bounds.
func (s *sums) solve(minutes float64) (f fit) {
	det := float64(s.HH*s.AA) - float64(s.HA*s.HA)
	if !(s.HH > 0) || !(s.YY > 0) {
		return fit{residual: s.YY}
	}
	if det > float64(1e-9*float64(s.HH*s.AA)) {
		f.gain = (float64(s.HY*s.AA) - float64(s.AY*s.HA)) / det
		f.loss = (float64(s.AY*s.HH) - float64(s.HY*s.HA)) / det
	} else {
		f.loss, det = -1, 0
	}
	if f.loss < 0 || f.loss > maxLoss {
		f.loss = clamp(f.loss, 0, maxLoss)
		f.gain = (s.HY - float64(f.loss*s.HA)) / s.HH
		det = 0
	}
	f.gain = clamp(f.gain, 0, maxGain)
	f.residual = s.YY - float64(2*(float64(f.gain*s.HY)+float64(f.loss*s.AY))) +
		float64(float64(f.gain*f.gain)*s.HH) + float64(float64(f.loss*f.loss)*s.AA) + float64(float64(2*float64(f.gain*f.loss))*s.HA)
	f.residual = max(f.residual, 0)
	f.explained = 1 - f.residual/s.YY
	variance := f.residual / max(minutes, 1)
	if det > 0 {
		f.spread = sqrt(variance * s.AA / det)
	} else {
		f.spread = sqrt(variance / s.HH)
	}
	return f
}

// refit chooses the lag anew, and learns trust from it.
func (k *Known) refit() {
	best := k.Lag
	now := k.Sums[best].solve(k.Minutes)
	for i := range k.Sums {
		if f := k.Sums[i].solve(k.Minutes); f.residual < float64(keepLag*now.residual) && (best == k.Lag || f.residual < k.Sums[best].solve(k.Minutes).residual) {
			best = i
		}
	}
	k.Lag = best
	f := k.Sums[best].solve(k.Minutes)
	k.Gain, k.Loss, k.Residual = f.gain, f.loss, sqrt(f.residual/max(k.Minutes, 1))
	unsure := 1.0
	if f.gain > 0 {
		unsure = 4 * f.spread / f.gain
	}
	switch {
	case k.Segments < enoughSegments || f.explained < loseExplained || unsure > loseSpread:
		k.Trusted = false
	case f.explained >= trustExplained && unsure <= trustSpread:
		k.Trusted = true
	}
}

// Another lag is taken where it leaves so much less; and what makes and ends trust.
const (
	keepLag        = 0.95
	enoughSegments = 4
	trustExplained = 0.5
	loseExplained  = 0.3
	trustSpread    = 0.2
	loseSpread     = 0.3
)
