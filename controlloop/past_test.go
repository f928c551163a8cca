package controlloop

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// slow is a room whose timers a restart can be seen by.
func slow() Params {
	return with(func(p *Params) { p.MinOff, p.Changeover, p.MaxOn = 10*minute, 30*minute, 5*time.Hour })
}

// single is slow without a cooler.
func single() Params {
	p := slow()
	p.Cooler = false
	return p
}

func off(ago time.Duration, why Reason) PastOutput {
	return PastOutput{Known: true, Off: ago, Why: why}
}

var wasOn = PastOutput{Known: true, On: true, Off: time.Hour} // Off says nothing then

// TestAStartWaitsForWhatIsLeftOfTheRest: what a zone waits for at its start, and that it switches then and not before.
func TestAStartWaitsForWhatIsLeftOfTheRest(t *testing.T) {
	never := PastOutput{Known: true, Off: 24 * time.Hour, Why: ReasonStarting}
	for name, c := range map[string]struct {
		p      Params
		past   Past
		sp     Setpoint
		reason Reason
		wait   time.Duration
	}{
		"nothing known":                          {single(), Past{}, heat(25), ReasonStarting, 10 * minute},
		"nothing known of two":                   {slow(), Past{}, heat(25), ReasonStarting, 30 * minute},
		"off a while":                            {single(), Past{Heater: off(3*minute, ReasonMinOff)}, heat(25), ReasonMinOff, 7 * minute},
		"off for long":                           {single(), Past{Heater: off(time.Hour, ReasonMinOff)}, heat(25), ReasonTooCold, 0},
		"off without a word why":                 {single(), Past{Heater: off(3*minute, "")}, heat(25), ReasonMinOff, 7 * minute},
		"on":                                     {single(), Past{Heater: wasOn}, heat(25), ReasonMinOff, 10 * minute},
		"off in the future":                      {single(), Past{Heater: off(-minute, ReasonMinOff)}, heat(25), ReasonStarting, 10 * minute},
		"rests from max_on":                      {single(), Past{Heater: off(3*minute, ReasonMaxOn)}, heat(25), ReasonMaxOn, 27 * minute},
		"was still starting":                     {single(), Past{Heater: off(3*minute, ReasonStarting)}, heat(25), ReasonStarting, 7 * minute},
		"was still starting, of two":             {slow(), Past{Heater: off(3*minute, ReasonStarting), Cooler: off(3*minute, ReasonStarting)}, heat(25), ReasonStarting, 27 * minute},
		"the other went off a while ago":         {slow(), Past{Heater: never, Cooler: off(12*minute, ReasonMinOff)}, heat(25), ReasonChangeover, 18 * minute},
		"the other was on":                       {slow(), Past{Heater: never, Cooler: wasOn}, heat(25), ReasonChangeover, 30 * minute},
		"it went off itself, the other long ago": {slow(), Past{Heater: off(time.Minute, ReasonMinOff), Cooler: never}, heat(25), ReasonMinOff, 9 * minute},
		"locked, nothing known":                  {single(), Past{Locked: 15 * minute}, heat(25), ReasonCrashLoop, 15 * minute},
		"locked for its min_off":                 {single(), Past{Locked: 10 * minute}, heat(25), ReasonCrashLoop, 10 * minute},
		"locked, off for long":                   {single(), Past{Heater: never, Locked: 15 * minute}, heat(25), ReasonCrashLoop, 15 * minute},
		"locked, a longer rest":                  {single(), Past{Heater: off(3*minute, ReasonMaxOn), Locked: 15 * minute}, heat(25), ReasonMaxOn, 27 * minute},
		"locked, a cooler":                       {slow(), Past{Heater: never, Cooler: never, Locked: 40 * minute}, cool(10), ReasonCrashLoop, 40 * minute},
		"a start after a lock":                   {single(), Past{Heater: off(3*minute, ReasonCrashLoop)}, heat(25), ReasonMinOff, 7 * minute},
		"a cooler":                               {slow(), Past{Heater: off(12*minute, ReasonMinOff), Cooler: off(3*minute, ReasonMinOff)}, cool(10), ReasonChangeover, 18 * minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := onBench(t, c.p, 18)
				b.zone.Past = c.past
				b.settled(c.sp)
				s, want := b.last(), max(c.wait-c.p.Sample, 0)
				if s.State.Reason != c.reason && c.wait > 0 || s.State.Wait != want {
					t.Fatalf("%v %v %v, want %v %v", s.State.Action, s.State.Reason, s.State.Wait, c.reason, want)
				}
				if c.wait > 0 {
					if s = b.wait(c.wait - minute); s.State.Action != ActionIdle {
						t.Errorf("a minute before: %v", s.State.Action)
					}
					s = b.wait(2 * minute)
				}
				if !s.State.Heater.On && !s.State.Cooler.On {
					t.Errorf("after %v: %v %v", c.wait, s.State.Action, s.State.Reason)
				}
			})
		})
	}
}

// TestPastRestoresNoPosition: whatever was, the relays are told off first.
func TestPastRestoresNoPosition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := onBench(t, slow(), 18)
		b.zone.Past = Past{Heater: wasOn, Cooler: wasOn}
		b.run(both(20))
		b.wait(9 * minute)
		for _, e := range b.sets() {
			if e.on {
				t.Fatalf("switched on: %v", e)
			}
		}
		if got := fmt.Sprint(b.sets()[:2]); got != "[heater false cooler false]" {
			t.Errorf("first of all came %v", got)
		}
	})
}
