package engine

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/protobuf/proto"

	"thermostat/controlloop"
	pb "thermostat/proto"
)

// partition are the zones of a partition of the log. What comes of a tick follows from the partition,
// the tick and the records that it names, and nothing else.
type partition struct {
	number int32
	zones  map[int32]*zone
	place  *Tick // the last that was taken; nil: none yet
	early  map[int32]*early
	known  *catalogue
	lost   []*kgo.Record // of what was kept and could not be recalled, for deadletter
	figures
}

// figures count what a worker did.
type figures struct {
	readings, commands, dead uint64
}

func newPartition(number int32, known *catalogue) *partition {
	return &partition{number: number, zones: map[int32]*zone{}, early: map[int32]*early{}, known: known}
}

// follows reports whether a tick is the next one. Another worker that still believed itself the
// partition's may have written one, too: the first that follows counts.
func (p *partition) follows(t *Tick) bool {
	last := p.place
	if last == nil {
		last = &Tick{}
	}
	return t.GetTime() != nil && !t.Time.AsTime().Before(moment(last.Time)) &&
		follows(last.Zones, t.Zones) && follows(last.Tempset, t.Tempset) && follows(last.Sensor, t.Sensor)
}

func follows(last, next *Range) bool {
	return next.GetFrom() == last.GetTo() && next.GetTo() >= next.GetFrom()
}

// ranges are those of a tick, as [Inputs] has them.
func (t *Tick) ranges() []*Range { return []*Range{t.GetZones(), t.GetTempset(), t.GetSensor()} }

// take decides what a tick says, and gives what is to be written. The records are those that the tick
// names, each topic's in the order of the log.
func (p *partition) take(t *Tick, records []*kgo.Record) (out []*kgo.Record, err error) {
	now := moment(t.Time)
	out, p.lost = p.lost, nil
	slices.SortStableFunc(records, func(a, b *kgo.Record) int { return a.Timestamp.Compare(b.Timestamp) })
	for _, r := range records {
		if err := p.hear(r, now); err != nil {
			p.dead++
			out = append(out, deadletter(r, err))
		}
	}
	for id, z := range p.zones {
		if !z.born.IsZero() {
			z.advance(now)
			z.renew(now)
		}
		if out, err = p.write(out, id, z); err != nil {
			return nil, err
		}
	}
	if out, err = p.writeEarly(out); err != nil {
		return nil, err
	}
	p.place = t
	place, err := proto.Marshal(t)
	return append(out, &kgo.Record{Topic: TopicState, Partition: p.number, Key: []byte(placeKey), Value: place}), err
}

// maxAhead is how far a record may be ahead of its tick: the broker's clock may be.
const maxAhead = time.Minute

// hear takes one record.
func (p *partition) hear(r *kgo.Record, now time.Time) error {
	id, err := sensorIDOf(r.Key)
	if err != nil {
		return err
	}
	if len(r.Value) > MaxRecord {
		return errors.New("too long")
	}
	at := timeOf(r)
	if at.Sub(now) > maxAhead {
		return errors.New("its time is ahead of the log's: the topic must have message.timestamp.type=LogAppendTime")
	}
	z := p.zones[id]
	switch {
	case r.Topic == TopicZones && len(r.Value) == 0:
		if z != nil {
			z.end(at)
		}
		return nil
	case r.Topic == TopicZones:
		return p.define(id, z, string(r.Value), at)
	case r.Topic == TopicTempset && z == nil:
		return p.await(id, r)
	case z == nil || z.over:
		return errors.New("the topic zones has no zone of this sensorID")
	case r.Topic == TopicTempset && len(r.Value) == 0:
		z.forget(at)
		return nil
	case r.Topic == TopicTempset:
		c, err := readTempset(id, r)
		if err == nil {
			err = z.obey(c, at)
		}
		return err
	}
	reading, wrong, err := readSensor(id, r)
	p.readings++
	switch {
	case err != nil:
		return err
	case wrong != "":
		z.verdict, z.changed = wrong, true
	default:
		z.hear(reading, at)
	}
	return nil
}

// define takes what a zone is like.
func (p *partition) define(id int32, z *zone, text string, at time.Time) error {
	parameters, err := p.known.read(text)
	if err != nil {
		return err
	}
	if z != nil {
		z.over = false
		z.follow(parameters)
		return nil
	}
	z = newZone(id, parameters)
	p.zones[id] = z
	if e := p.early[id]; e != nil && e.control != nil {
		if err := z.obey(e.control, at); err != nil {
			return fmt.Errorf("the zone has begun, without the control that waited for it: %w", err)
		}
	}
	return nil
}

// early is a control that came before its zone: the topics are compacted, so that either may be the older one.
type early struct {
	control *pb.TemperatureControl // nil: taken back
	kept    bool
}

// await keeps a control until its zone begins.
func (p *partition) await(id int32, r *kgo.Record) error {
	e := &early{}
	if len(r.Value) > 0 {
		var err error
		if e.control, err = readTempset(id, r); err != nil {
			return err
		}
	}
	p.early[id] = e
	return nil
}

// writeEarly writes the controls that wait since the last tick, and forgets those whose zone has begun.
func (p *partition) writeEarly(out []*kgo.Record) ([]*kgo.Record, error) {
	for id, e := range p.early {
		if p.zones[id] != nil {
			delete(p.early, id)
			continue // the zone's own record takes the place of this one
		}
		if e.kept {
			continue
		}
		r := &kgo.Record{Topic: TopicState, Partition: p.number, Key: Key(id)}
		if e.control == nil {
			delete(p.early, id)
		} else {
			control, err := proto.Marshal(e.control)
			if err != nil {
				return nil, err
			}
			if r.Value, err = proto.Marshal(&ZoneState{SensorID: id, Control: control}); err != nil {
				return nil, err
			}
			e.kept = true
		}
		out = append(out, r)
	}
	return out, nil
}

// write gives a zone's commands, and what it remembers where that has changed. One that is over is
// forgotten once its heater was told to go off.
func (p *partition) write(out []*kgo.Record, id int32, z *zone) ([]*kgo.Record, error) {
	key := Key(id)
	for _, c := range z.take() {
		value, err := proto.Marshal(c.HeaterControl)
		if err != nil {
			return nil, err
		}
		p.commands++
		out = append(out, &kgo.Record{Topic: TopicCommand, Partition: p.number, Key: key, Value: value, Timestamp: c.at})
	}
	if !z.changed {
		return out, nil
	}
	z.changed = false
	kept := &kgo.Record{Topic: TopicState, Partition: p.number, Key: key}
	if z.over {
		delete(p.zones, id)
		return append(out, kept), nil // without a value: it is gone
	}
	k, err := z.keep()
	if err == nil {
		kept.Value, err = proto.Marshal(k)
	}
	return append(out, kept), err
}

// recall takes a record of zonestate, as a worker reads them that takes the partition over. One that cannot be
// read does not stop the others: its zone begins anew with the next record of the topic zones.
func (p *partition) recall(r *kgo.Record) {
	if err := p.read(r); err != nil {
		p.dead++
		p.lost = append(p.lost, deadletter(r, err))
	}
}

func (p *partition) read(r *kgo.Record) error {
	if string(r.Key) == placeKey {
		place := &Tick{}
		if err := proto.Unmarshal(r.Value, place); err != nil {
			return err
		}
		p.place = place
		return nil
	}
	id, err := sensorIDOf(r.Key)
	if err != nil {
		return err
	}
	delete(p.zones, id)
	delete(p.early, id)
	if len(r.Value) == 0 {
		return nil
	}
	var k ZoneState
	if err := proto.Unmarshal(r.Value, &k); err != nil {
		return err
	}
	if k.Parameters == "" {
		e := &early{control: &pb.TemperatureControl{}, kept: true}
		p.early[id] = e
		return proto.Unmarshal(k.Control, e.control)
	}
	z, err := recall(&k, p.known.read)
	if err == nil {
		p.zones[id] = z
	}
	return err
}

// end ends a zone: its heater goes off at once.
func (z *zone) end(at time.Time) {
	at = z.reach(at)
	z.said, z.over = controlloop.Setpoint{Mode: controlloop.ModeOff}, true
	z.decide(at)
}

// forget takes the control back that was said last.
func (z *zone) forget(at time.Time) {
	at = z.reach(at)
	z.control, z.accepted = nil, time.Time{}
	z.follow(z.parameters)
	z.decide(at)
}
