package simulated

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/controlloop"
)

func TestAFaultyAnswerHasAVerdictAndNoNumber(t *testing.T) {
	for fault, want := range map[SensorFault]controlloop.Verdict{
		SensorGone:    controlloop.VerdictAbsent,
		SensorError:   controlloop.VerdictError,
		SensorPowerOn: controlloop.VerdictPowerOn,
	} {
		r := NewRoom(linear())
		sensor := r.Sensor()
		r.BreakSensor(fault)
		reading, err := sensor.Read(t.Context())
		var bad *controlloop.BadReading
		if !errors.As(err, &bad) || bad.Verdict != want || bad.Err == nil {
			t.Errorf("fault %d: %v, want %s", fault, err, want)
		}
		if reading != (controlloop.Reading{}) {
			t.Errorf("fault %d: carries a number: %+v", fault, reading)
		}
		r.BreakSensor(SensorGood)
		if got := read(t, sensor); got.Celsius != 20 {
			t.Errorf("fault %d lifted: %v °C, want 20", fault, got.Celsius)
		}
	}
}

func TestFrozenSensorShowsTheSameForEverWithAFreshTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := linear()
		s.Noise, s.Outdoor = 0.5, -30
		r := NewRoom(s)
		r.BreakSensor(SensorFrozen)
		first := read(t, r.Sensor())
		for range 10 {
			time.Sleep(time.Hour)
			r.BreakSensor(SensorFrozen) // already so: it stays at the old value
			got := read(t, r.Sensor())
			if got.Celsius != first.Celsius || !got.At.Equal(time.Now()) {
				t.Fatalf("%v °C at %v, want %v now", got.Celsius, got.At, first.Celsius)
			}
		}
		wantTrue(t, r, 20-10*4) // meanwhile the room went its way
	})
}

// reading starts a read and gives where its end will be told.
func reading(ctx context.Context, s controlloop.Sensor) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := s.Read(ctx)
		done <- err
	}()
	return done
}

func TestAHangingReadEndsWithItsFaultOrItsContext(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(*Room, context.CancelFunc)
		want func(error) bool
	}{
		"the fault is lifted": {func(r *Room, _ context.CancelFunc) { r.BreakSensor(SensorGood) },
			func(err error) bool { return err == nil }},
		"the context ends": {func(_ *Room, cancel context.CancelFunc) { cancel() },
			func(err error) bool { return errors.Is(err, context.Canceled) }},
		"another fault takes over": {func(r *Room, _ context.CancelFunc) { r.BreakSensor(SensorGone) },
			func(err error) bool { return errors.As(err, new(*controlloop.BadReading)) }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				r := NewRoom(linear())
				r.BreakSensor(SensorHang)
				done := reading(ctx, r.Sensor())
				time.Sleep(24 * time.Hour)
				select {
				case err := <-done:
					t.Fatalf("came back by itself: %v", err)
				default:
				}
				r.True() // the room itself does not hang
				c.end(r, cancel)
				synctest.Wait()
				select {
				case err := <-done:
					if !c.want(err) {
						t.Errorf("came back with %v", err)
					}
				default:
					t.Error("still hangs")
					cancel()
				}
			})
		})
	}
}
