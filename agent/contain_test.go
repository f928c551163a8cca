package main

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/mailbox"
)

// TestAPanicBesideTheZonesIsAFaultOfThemAll, and its log says where it happened.
func TestAPanicBesideTheZonesIsAFaultOfThemAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		seen := make(chan controlloop.Snapshot, 1000)
		z := &controlloop.Zone{
			Name: "room", Params: controlloop.Params{Sample: time.Second, StaleAfter: time.Minute}, Sensor: never{}, Alarms: controlloop.NewAlarms(),
			Setpoints: mailbox.New[controlloop.Setpoint](), Observe: func(s controlloop.Snapshot) { seen <- s },
		}
		go z.Run(t.Context(), controlloop.Setpoint{})
		c := containment{slog.New(slog.NewTextHandler(&log, nil)), []*controlloop.Zone{z}}
		c.run("the page", func() { panic("a mistake") })
		c.run("the memory", func() {})
		time.Sleep(time.Second)
		synctest.Wait()
		var last controlloop.Snapshot
		for len(seen) > 0 {
			last = <-seen
		}
		if len(last.Faults) != 1 || last.Faults[0].Name != "internal_error" || !strings.HasPrefix(last.Faults[0].Text, "the page failed") {
			t.Errorf("%+v", last.Faults)
		}
		if !strings.Contains(log.String(), "contain_test.go") {
			t.Errorf("no stack in the log: %s", log.String())
		}
	})
}

// never is a sensor that never answers.
type never struct{}

func (never) Read(ctx context.Context) (controlloop.Reading, error) {
	<-ctx.Done()
	return controlloop.Reading{}, ctx.Err()
}
