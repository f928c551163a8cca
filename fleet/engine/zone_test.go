package engine

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	pb "thermostat/proto"
)

// morning is one of these days: a broker deletes what is older than a week. The program of the zones steps after it.
var morning = time.Now().UTC().Add(-48 * time.Hour).Truncate(24 * time.Hour).Add(7 * time.Hour)

const someParameters = `
plant: electric
timing: {sample: 5s, stale_after: 30s, min_on: 20s, min_off: 30s, max_on: 10m, frozen_after: 3m}
limits: {max_rate: 5}
timezone: Europe/Berlin
program: mon-sun 08:05 21, 08:15 17.5, 08:40 20
default_setpoint: {mode: heat, desired: 20, up_delta: 0.3, down_delta: 0.3}
`

func readAll(t testing.TB, text string) *parameters {
	t.Helper()
	p, err := readParameters(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// happening is a record of a zone, at its time.
type happening struct {
	at      time.Time
	celsius float64 // NaN: it is a control
	control *pb.TemperatureControl
}

// day is a random hour of a zone's records: readings that follow, jump, stand still and stay away,
// and controls of all kinds.
func day(r *rand.Rand) (all []happening) {
	celsius, at := 19+2*r.Float64(), morning
	for at.Before(morning.Add(time.Hour)) {
		gap := time.Duration(1+r.IntN(9000)) * time.Millisecond
		if r.IntN(40) == 0 {
			gap = time.Duration(r.IntN(120)) * time.Second
		}
		at = at.Add(gap)
		switch r.IntN(30) {
		case 0:
			c := &pb.TemperatureControl{Mode: pb.Mode_HEAT.Enum(), Desired: proto.Float64(18 + 4*r.Float64())}
			if r.IntN(3) == 0 {
				c = &pb.TemperatureControl{Mode: pb.Mode_AUTO.Enum()}
			}
			if r.IntN(4) == 0 {
				c.HoldS = proto.Float64(float64(60 + r.IntN(600)))
			}
			all = append(all, happening{at: at, celsius: math.NaN(), control: c})
		case 1:
			all = append(all, happening{at: at, celsius: celsius + 15})
		default:
			if r.IntN(3) > 0 {
				celsius += (r.Float64() - 0.5) * 0.4
			}
			all = append(all, happening{at: at, celsius: celsius})
		}
	}
	return all
}

// wire is the sensor and the heater of a zone that lives in an agent's way.
type wire struct {
	next *controlloop.Reading
	on   bool
	at   time.Time
	said []string
}

func (w *wire) Read(context.Context) (controlloop.Reading, error) {
	if w.next == nil {
		return controlloop.Reading{}, context.Canceled
	}
	r := *w.next
	w.next = nil
	return r, nil
}

func (w *wire) Set(on bool) error {
	if on != w.on || len(w.said) == 0 {
		w.on = on
		w.said = append(w.said, fmt.Sprintf("%t %s", on, w.at.Format("15:04:05.000")))
	}
	return nil
}

// asAnAgent gives the switches that the zone of an agent makes of the records.
func asAnAgent(p *parameters, all []happening) []string {
	w := &wire{at: all[0].at}
	z := &controlloop.Zone{Name: "zone", Params: p.zone.Params, Sensor: w, Heater: w}
	plan := p.zone.Comfort
	z.Plan = func(said controlloop.Setpoint, look controlloop.Look) controlloop.Target {
		return plan.Target(said, look.Now, comfort.Clock{Trusted: true})
	}
	s := controlloop.NewStepper(z, comfort.Begin(p.zone.Default), all[0].at)
	tick := all[0].at.Add(p.zone.Params.Sample)
	for _, h := range all {
		for ; tick.Before(h.at); tick = tick.Add(p.zone.Params.Sample) {
			w.at = tick
			s.Tick(tick)
		}
		if w.at = h.at; h.control != nil {
			sp, err := p.zone.Setpoint(h.control, false)
			if err != nil {
				panic(err)
			}
			sp.Accepted = h.at
			s.Set(sp, h.at)
		} else {
			r := controlloop.Temperature(h.celsius, h.at)
			w.next = &r
			s.Tick(h.at)
		}
		if tick.Equal(h.at) {
			tick = tick.Add(p.zone.Params.Sample)
		}
	}
	return w.said
}

// TestTheEngineDecidesAsAnAgentsZone: of hundreds of random hours of records, taken by a zone that is
// kept and recalled at random moments and told how far time has come at others.
func TestTheEngineDecidesAsAnAgentsZone(t *testing.T) {
	p := readAll(t, someParameters)
	switches := 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 28))
		all := day(r)
		want := asAnAgent(p, all)
		z, got := newZone(7, p), []string{}
		say := func() {
			for _, c := range z.take() {
				got = append(got, fmt.Sprintf("%t %s", *c.Command == pb.HeaterCommand_On, c.SwitchedAt.AsTime().Format("15:04:05.000")))
			}
		}
		for i, h := range all {
			if h.control != nil {
				if err := z.obey(proto.CloneOf(h.control), h.at); err != nil {
					t.Fatal(err)
				}
			} else {
				z.hear(controlloop.Temperature(h.celsius, h.at), h.at)
			}
			say()
			if i+1 < len(all) && r.IntN(3) == 0 {
				to := h.at.Add(time.Duration(r.Int64N(int64(all[i+1].at.Sub(h.at)) + 1)))
				z.advance(to)
				say()
			}
			if r.IntN(5) == 0 {
				z = again(t, z)
			}
		}
		switches += len(want)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("seed %d:\n got %v\nwant %v", seed, got, want)
		}
	}
	if switches < 2000 {
		t.Errorf("only %d switches", switches)
	}
}

var known catalogue

// again is the zone that was kept and recalled by another worker.
func again(t *testing.T, z *zone) *zone {
	t.Helper()
	k, err := z.keep()
	if err != nil {
		t.Fatal(err)
	}
	bytes, err := proto.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	if err := proto.Unmarshal(bytes, k); err != nil {
		t.Fatal(err)
	}
	other, err := recall(k, known.read)
	if err != nil {
		t.Fatal(err)
	}
	return other
}
