package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/mailbox"
	"thermostat/mqtt"
	mqttbroker "thermostat/mqtt/broker"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
)

// agents is many agents in one process: the real sessions and zones, each with
// a connection of its own, without configuration and memory on disk.
type agents struct {
	sessions []*mqtt.Session

	mu        sync.Mutex
	connected []time.Time // each beginning of a connection
	obeyed    map[string]event
}

// event is what an agent obeys, and since when.
type event struct {
	desired float64
	at      time.Time
}

func newAgents() *agents { return &agents{obeyed: map[string]event{}} }

// start runs an agent until the context ends.
func (a *agents) start(ctx context.Context, name string, brokers []string) {
	params := controlloop.Params{
		Heater: true, DesiredMin: 5, DesiredMax: 28, HeatCutout: 35, CoolCutout: 3, PlausibleMin: -30, PlausibleMax: 70,
		MaxRate: 5, Sample: 30 * time.Second, StaleAfter: 2 * time.Minute,
	}
	usual := controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 17, UpDelta: 0.5, DownDelta: 0.5}
	zone := &controlloop.Zone{
		Name: "room", SensorID: 1, Params: params, Sensor: steady{}, Heater: noRelay{},
		Setpoints: mailbox.New[controlloop.Setpoint](), Alarms: controlloop.NewAlarms(),
	}
	session := mqtt.NewSession(mqtt.Options{
		Access: mqttbroker.Access{Brokers: brokers, Prefix: "thermostat"}, Device: name, Instance: "storm-" + name,
		Zones:      []setpoint.Zone{{Name: zone.Name, SensorID: zone.SensorID, Params: params, Default: usual, Setpoints: zone.Setpoints, Alarms: zone.Alarms}},
		StateEvery: time.Minute, Info: func() wire.Info { return wire.Info{Version: "storm", StartedAt: time.Now()} },
		Log: slog.New(listener{a}),
	})
	zone.Observe = func(s controlloop.Snapshot) {
		a.saw(name, s.Setpoint.Desired)
		session.Observe(s)
	}
	a.sessions = append(a.sessions, session)
	start := session.Start(zone.Name)
	go session.Run(ctx)
	go zone.Run(ctx, start)
}

func (a *agents) saw(name string, desired float64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.obeyed[name].desired != desired {
		a.obeyed[name] = event{desired, time.Now()}
	}
}

// online counts those that are connected now.
func (a *agents) online() (n int) {
	for _, s := range a.sessions {
		if s.Connected() {
			n++
		}
	}
	return n
}

// obeying counts those that obey a setpoint.
func (a *agents) obeying(desired float64) int {
	return len(a.since(desired))
}

// since gives the moments from which on agents obey a setpoint, in order.
func (a *agents) since(desired float64) (moments []time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range a.obeyed {
		if e.desired == desired {
			moments = append(moments, e.at)
		}
	}
	slices.SortFunc(moments, time.Time.Compare)
	return moments
}

// connections gives the beginnings of connections since a moment.
func (a *agents) connections(since time.Time) (moments []time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, at := range a.connected {
		if at.After(since) {
			moments = append(moments, at)
		}
	}
	return moments
}

// listener is the agents' log; it notes when they connect.
type listener struct{ a *agents }

// Enabled passes what the sessions tell people.
func (l listener) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

// Handle notes a connection.
func (l listener) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "broker connected" {
		l.a.mu.Lock()
		l.a.connected = append(l.a.connected, time.Now())
		l.a.mu.Unlock()
	}
	return nil
}

// WithAttrs changes nothing.
func (l listener) WithAttrs([]slog.Attr) slog.Handler { return l }

// WithGroup changes nothing.
func (l listener) WithGroup(string) slog.Handler { return l }

// steady is a sensor in a room where nothing changes.
type steady struct{}

// Read gives 20 °C.
func (steady) Read(context.Context) (controlloop.Reading, error) {
	return controlloop.Temperature(20, time.Now()), nil
}

type noRelay struct{}

// Set does nothing.
func (noRelay) Set(bool) error { return nil }

func nameOf(i int) string { return fmt.Sprintf("dev%d", i) }
