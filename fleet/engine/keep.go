package engine

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"thermostat/controlloop"
	pb "thermostat/proto"
)

// keep is all that the zone's next decision depends on.
func (z *zone) keep() (*ZoneState, error) {
	var control []byte
	if z.control != nil {
		var err error
		if control, err = (proto.MarshalOptions{Deterministic: true}).Marshal(z.control); err != nil {
			return nil, err
		}
	}
	if z.parameters == nil {
		return &ZoneState{SensorID: z.sensorID, Control: control, Accepted: stamp(z.accepted)}, nil
	}
	s, q := &z.state, &z.judge.Same
	return &ZoneState{
		SensorID: z.sensorID, Parameters: z.parameters.text, Control: control, Accepted: stamp(z.accepted),
		Born: stamp(z.born), Ticked: stamp(z.tick), Decided: stamp(z.decided),
		Action: s.Action.String(), Since: stamp(s.Since), Reason: string(s.Reason), Wait: durationpb.New(s.Wait),
		Heater: &Output{On: s.Heater.On, Since: stamp(s.Heater.Since), Rest: durationpb.New(s.Heater.Rest), Why: string(s.Heater.Why)},
		Cut:    s.HeatCut, CutAt: stamp(s.CutAt), Lost: stamp(s.Lost),
		Taken: keepReading(s.Reading), Good: keepReading(z.judge.Last), Held: keepReading(z.judge.Held), HeldFor: string(z.judge.Why),
		Shown: keepReading(q.Shown), Heated: durationpb.New(q.Heated), Step: q.Step,
		Raw: keepReading(z.raw), Heard: stamp(z.heard), Told: z.told, ToldOn: z.toldOn, Verdict: string(z.verdict),
	}, nil
}

// recall is a zone as it was kept.
func recall(k *ZoneState, read func(text string) (*parameters, error)) (*zone, error) {
	z := &zone{
		sensorID: k.SensorID, accepted: moment(k.Accepted), born: moment(k.Born), tick: moment(k.Ticked), decided: moment(k.Decided),
		raw: recallReading(k.Raw), heard: moment(k.Heard), told: k.Told, toldOn: k.ToldOn,
	}
	if k.Verdict != "" {
		z.verdict = verdictOf(k.Verdict)
	}
	if len(k.Control) > 0 {
		z.control = &pb.TemperatureControl{}
		if err := proto.Unmarshal(k.Control, z.control); err != nil {
			return nil, err
		}
	}
	if k.Parameters == "" {
		return z, nil
	}
	p, err := read(k.Parameters)
	if err != nil {
		return nil, err
	}
	_ = z.follow(p) // they allowed its control when it was kept
	z.judge = controlloop.Judge{Last: recallReading(k.Good), Held: recallReading(k.Held), Why: controlloop.Verdict(k.HeldFor)}
	z.judge.Same = controlloop.Stillness{Shown: recallReading(k.Shown), Heated: k.Heated.AsDuration(), Step: k.Step}
	z.state = controlloop.State{
		Action: actions[k.Action], Since: moment(k.Since), Reason: controlloop.Reason(k.Reason), Wait: k.Wait.AsDuration(),
		Heater:  controlloop.Output{On: k.Heater.GetOn(), Since: moment(k.Heater.GetSince()), Rest: k.Heater.GetRest().AsDuration(), Why: controlloop.Reason(k.Heater.GetWhy())},
		HeatCut: k.Cut, CutAt: moment(k.CutAt), Lost: moment(k.Lost), Reading: recallReading(k.Taken),
	}
	z.state.Call = z.state.Heater                                           // no source holds it
	z.state.Cooler = controlloop.Past{}.Begin(p.zone.Params, z.born).Cooler // there is none
	z.changed = false
	return z, nil
}

// actions are those of a zone with a heater alone, by their words.
var actions = map[string]controlloop.Action{
	controlloop.ActionOff.String(): controlloop.ActionOff, controlloop.ActionIdle.String(): controlloop.ActionIdle, controlloop.ActionHeating.String(): controlloop.ActionHeating,
}

// stamp is a time in a message; none is none.
func stamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func moment(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

func keepReading(r controlloop.Reading) *Reading {
	if r.At.IsZero() {
		return nil
	}
	return &Reading{Celsius: r.Celsius, At: stamp(r.At)}
}

func recallReading(r *Reading) controlloop.Reading {
	if r == nil {
		return controlloop.Reading{}
	}
	return controlloop.Temperature(r.Celsius, moment(r.At))
}
