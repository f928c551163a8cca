package drivers

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/limits"
	"thermostat/controlloop/mailbox"
	"thermostat/drivers/simulated"
)

func zoneParams() controlloop.Params {
	return controlloop.Params{
		Heater: true, DesiredMin: 5, DesiredMax: 30, HeatCutout: 35, CoolCutout: 0,
		PlausibleMin: -30, PlausibleMax: 70, MaxRate: 5,
		Sample: 10 * time.Second, StaleAfter: 2 * time.Minute,
	}
}

// inZone runs a zone on a simulated room, hands every snapshot to observe, and
// ends it after script.
func inZone(t *testing.T, desired float64, observe func(*simulated.Room, controlloop.Snapshot), script func(*simulated.Room)) {
	t.Helper()
	p := zoneParams()
	if vs := limits.Validate(p); len(vs) > 0 {
		t.Fatal(vs)
	}
	room := simulated.NewRoom(simulated.Default())
	z := controlloop.Zone{
		Name: "room", Params: p, Sensor: room.Sensor(), Heater: room.Heater(),
		Setpoints: mailbox.New[controlloop.Setpoint](),
		Observe:   func(s controlloop.Snapshot) { observe(room, s) },
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- z.Run(ctx, controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: desired, UpDelta: 0.3, DownDelta: 0.3})
	}()
	script(room)
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Sensor lag and sampling carry the air a little beyond the band.
func TestZoneWarmsTheRoomAndKeepsItInItsBand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const desired, band, lag = 20.5, 0.3, 0.5
		reached, cycles, was := time.Time{}, 0, false
		observe := func(room *simulated.Room, s controlloop.Snapshot) {
			celsius := room.True()
			if reached.IsZero() && celsius >= desired {
				reached = s.Time
			}
			if !reached.IsZero() && (celsius < desired-band-lag || celsius > desired+band+lag) {
				t.Errorf("%v: %.2f °C", s.Time, celsius)
			}
			if s.State.Heater.On && !was {
				cycles++
			}
			was = s.State.Heater.On
		}
		start := time.Now()
		inZone(t, desired, observe, func(*simulated.Room) { time.Sleep(36 * time.Hour) })
		if took := reached.Sub(start); reached.IsZero() || took < 30*time.Minute || took > 4*time.Hour {
			t.Errorf("reached after %v", took)
		}
		if cycles < 10 {
			t.Errorf("switched on only %d times", cycles)
		}
	})
}

func TestHangingSensorSwitchesTheHeaterOffInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := zoneParams()
		var last atomic.Pointer[controlloop.Snapshot]
		heating := func() bool {
			synctest.Wait()
			return last.Load().HeaterRelay == controlloop.RelayOn
		}
		observe := func(_ *simulated.Room, s controlloop.Snapshot) { last.Store(&s) }
		inZone(t, 30, observe, func(room *simulated.Room) {
			time.Sleep(10*time.Minute + p.Sample/2)
			if !heating() {
				t.Fatal("does not heat in the first place")
			}
			room.BreakSensor(simulated.SensorHang)
			time.Sleep(p.StaleAfter / 2)
			if !heating() {
				t.Error("went off while the last reading was fresh")
			}
			time.Sleep(p.StaleAfter/2 + p.Sample)
			if heating() || last.Load().State.Reason != controlloop.ReasonStale {
				t.Errorf("still %v for %v", last.Load().State.Action, last.Load().State.Reason)
			}
			before := room.True()
			time.Sleep(time.Hour)
			if heating() || room.True() >= before {
				t.Errorf("%.2f °C became %.2f without a reading", before, room.True())
			}
			room.BreakSensor(simulated.SensorGood)
			time.Sleep(2 * p.Sample)
			if !heating() {
				t.Errorf("does not heat again: %v, %v", last.Load().State.Reason, last.Load().Sensor)
			}
		})
	})
}
