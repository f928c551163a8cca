package engine

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/protobuf/proto"

	"thermostat/controlloop"
)

// partition are the zones of a partition of the log. What comes of a tick follows from the partition,
// the tick and the records that it names, and nothing else.
type partition struct {
	number  int32
	zones   map[int32]*zone
	waiting int   // of them, those that nobody has defined
	place   *Tick // the last that was taken; nil: none yet
	known   *catalogue
	lost    []*kgo.Record // of what was kept and could not be recalled, for deadletter
	figures
}

// figures count what a worker did.
type figures struct {
	readings, commands, dead uint64
}

func newPartition(number int32, known *catalogue) *partition {
	return &partition{number: number, zones: map[int32]*zone{}, known: known}
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
	p.waiting = 0
	for _, z := range p.zones {
		if !z.lives() {
			p.waiting++
		}
	}
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
	switch r.Topic {
	case TopicZones:
		return p.define(id, z, string(r.Value), at)
	case TopicTempset:
		return p.set(id, z, r, at)
	}
	if !z.lives() {
		return errors.New("the topic zones has no zone of this sensorID")
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

// define takes what a zone is like; nothing ends it. A zone that is not there or ends just now begins anew, with the
// control that the topic tempset has for it.
func (p *partition) define(id int32, z *zone, text string, at time.Time) error {
	if text == "" {
		switch {
		case z.lives():
			z.end(at)
		case z != nil && z.unread:
			z.unread, z.changed = false, true
		}
		return nil
	}
	parameters, err := p.known.read(text)
	if err != nil {
		return err
	}
	if z.lives() {
		return z.change(parameters, at)
	}
	fresh := newZone(id, parameters)
	p.zones[id] = fresh
	if z == nil {
		return nil
	}
	if z.parameters == nil {
		p.waiting--
	}
	fresh.commands = z.commands // the Off of its end is still to be said
	if z.control == nil {
		return nil
	}
	if err = expired(z.control, at); err == nil {
		fresh.control, fresh.accepted = z.control, z.accepted
		err = fresh.follow(parameters)
	}
	if err != nil {
		err = fmt.Errorf("the zone has begun, without the control that waited for it: %w", err)
	}
	return err
}

// maxWaiting is how many controls may wait in a partition for zones that are not defined, and maxWaitingSize how long each may
// be, in bytes: nobody has to define a key that tempset has.
const (
	maxWaiting     = 10_000
	maxWaitingSize = 4 << 10
)

// set takes what shall be held. Where the zone does not live, that waits for it: both topics are compacted, so that
// either record may be the older one.
func (p *partition) set(id int32, z *zone, r *kgo.Record, at time.Time) error {
	if z != nil && z.unread {
		return errors.New("what was kept of its zone could not be read")
	}
	if len(r.Value) == 0 {
		switch {
		case z.lives():
			z.forget(at)
		case z != nil:
			z.control, z.changed = nil, true
		}
		return nil
	}
	c, err := readTempset(id, r)
	if err != nil {
		return err
	}
	if z.lives() {
		return z.obey(c, at)
	}
	if len(r.Value) > maxWaitingSize {
		return fmt.Errorf("%d bytes are too long to wait for a zone that nobody has defined", len(r.Value))
	}
	if z == nil {
		if p.waiting >= maxWaiting {
			return fmt.Errorf("%d controls wait already for zones that nobody has defined: say it again once there is a zone", p.waiting)
		}
		p.waiting++
		z = &zone{sensorID: id}
		p.zones[id] = z
	}
	c.SensorID = nil
	z.control, z.accepted, z.changed = c, at, true
	return nil
}

// write gives a zone's commands, and what it remembers where that has changed. One that is over is
// forgotten once its heater was told to go off, but for its control.
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
	if z.over { // its control waits for a zone that begins
		z = &zone{sensorID: id, control: z.control, accepted: z.accepted}
		p.zones[id] = z
	}
	if z.parameters == nil && z.control == nil {
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
// read does not stop the others: its zone begins anew with the next record of the topic zones, and until then
// nothing is written in the place of what another version may be able to read.
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
	if len(r.Value) == 0 {
		return nil
	}
	var k ZoneState
	z := &zone{sensorID: id, unread: true}
	if err = proto.Unmarshal(r.Value, &k); err == nil {
		var recalled *zone
		if recalled, err = recall(&k, p.known.read); err == nil {
			z = recalled
		}
	}
	p.zones[id] = z
	return err
}

// change takes other parameters at a time, and decides by them.
func (z *zone) change(p *parameters, at time.Time) error {
	begun := !z.born.IsZero()
	if begun {
		at = z.reach(at)
	}
	err := z.follow(p)
	if begun {
		z.tick = earliest(z.tick, at.Add(p.zone.Params.Sample))
		z.decide(at)
	}
	if err != nil {
		err = fmt.Errorf("the zone goes on without its control, which it allows no more: %w", err)
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
	_ = z.follow(z.parameters) // without a control there is nothing to forget
	z.decide(at)
}
