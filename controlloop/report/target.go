package report

import (
	"math"
	"time"

	"thermostat/controlloop"
)

// Target is what a zone aims at from a moment on, as it is published. It is exact:
// who has it, the sensor's answers and the starts can make the zone's decisions again.
type Target struct {
	Time      time.Time `json:"time"` // of the zone's step that made it
	SensorID  int32     `json:"sensor_id"`
	Mode      *string   `json:"mode"` // of the law: off, heat, cool or heat_cool; null: nothing is aimed at
	Desired   *float64  `json:"desired"`
	UpDelta   *float64  `json:"up_delta"`
	DownDelta *float64  `json:"down_delta"`
	Bar       bool      `json:"bar"`    // neither output may be on, since a window is open
	Target    *string   `json:"target"` // what chose it: frost, window_open, manual, hold, boost, away, preheat, program, default
	Auto      bool      `json:"auto"`   // the program chooses, now or after a hold
	Next      *Next     `json:"next"`   // the program's next transition
	Ahead     bool      `json:"ahead"`  // the law may look ahead to it
}

// TargetOf gives the target of a snapshot in which it shows first.
func TargetOf(s controlloop.Snapshot) Target {
	t := Target{Time: s.Time.UTC(), SensorID: s.SensorID, Bar: s.Target.Bar, Target: orNull(s.Target.Why), Auto: s.Target.Auto, Next: nextOf(s.Target.Next), Ahead: s.Target.Ahead}
	if t.Next != nil {
		t.Next.Desired = exact(s.Target.Next.Desired)
	}
	if sp := s.Target.Setpoint; sp.Mode != controlloop.ModeNone {
		mode := sp.Mode.String()
		t.Mode, t.Desired, t.UpDelta, t.DownDelta = &mode, exact(sp.Desired), exact(sp.UpDelta), exact(sp.DownDelta)
	}
	return t
}

// exactly tells numbers apart, one that is none too.
func exactly(x float64) uint64 { return math.Float64bits(x) }

func exact(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

// NewTarget reports whether the law is given another target than before, or the same
// for another reason, or something else is ahead. A new word counts, too: the zone decided when it came.
func NewTarget(was, is controlloop.Target) bool {
	if was.Auto != is.Auto || was.Ahead != is.Ahead || was.Next.At.IsZero() != is.Next.At.IsZero() ||
		is.Ahead && (!was.Next.At.Equal(is.Next.At) || exactly(was.Next.Desired) != exactly(is.Next.Desired)) {
		return true
	}
	return !was.Setpoint.SameTarget(is.Setpoint) || was.Why != is.Why || was.Bar != is.Bar || was.Setpoint.Serial != is.Setpoint.Serial
}
