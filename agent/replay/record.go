package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"thermostat/agent/config"
	"thermostat/controlloop"
	"thermostat/controlloop/foresee"
)

// absoluteZero is the coldest there is, in °C.
const absoluteZero = -273.15

// Record is one line of input: a reading, the verdict of an answer that was no
// reading, a setpoint, a target, or the text of a program. What ran and how cold
// it was outdoors may stand beside a reading: simulate learns from it, the law
// does not look at it.
type Record struct {
	Time        *time.Time `json:"time"`
	SensorID    *int32     `json:"sensor_id"`
	Temperature *float64   `json:"temperature"`
	Desired     *float64   `json:"desired"`
	UpDelta     *float64   `json:"up_delta"`
	DownDelta   *float64   `json:"down_delta"`
	Mode        *string    `json:"mode"`
	Target      *string    `json:"target"`  // what chose it; mode, desired and deltas beside it are what the law was given
	Bar         bool       `json:"bar"`     // of a target: neither output may be on
	Auto        bool       `json:"auto"`    // of a target: the program chooses
	Ahead       bool       `json:"ahead"`   // of a target: the law may look ahead to next
	Next        *Next      `json:"next"`    // of a target: the program's next transition
	Learned     []byte     `json:"learned"` // of a start: what was known of the room
	Program     *string    `json:"program"`
	Verdict     *string    `json:"verdict"`
	Heater      *string    `json:"heater"`
	Cooler      *string    `json:"cooler"`
	Outdoor     *float64   `json:"outdoor"`

	AtSwitch bool // heater and cooler are told at the moment when they switch
}

// Next is a transition to come.
type Next struct {
	At      time.Time `json:"at"`
	Desired *float64  `json:"desired"` // °C; none: off
}

// change is that of the law.
func (n *Next) change() controlloop.Change {
	if n == nil {
		return controlloop.Change{}
	}
	c := controlloop.Change{At: n.At, Desired: math.NaN()}
	if n.Desired != nil {
		c.Desired = *n.Desired
	}
	return c
}

// ParseRecord reads a line of a log.
func ParseRecord(text []byte) (Record, error) {
	var rec Record
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&rec); err != nil {
		return rec, fmt.Errorf("not a record: %w", inWords(err))
	}
	if _, err := d.Token(); err != io.EOF {
		return rec, errors.New("something follows the record")
	}
	setpoint := rec.Target == nil && (rec.Mode != nil || rec.numbered())
	switch {
	case rec.Time == nil:
		return rec, errors.New("time is missing")
	case rec.SensorID == nil:
		return rec, errors.New("sensor_id is missing")
	case count(rec.Temperature != nil, setpoint, rec.Verdict != nil, rec.Target != nil, rec.Program != nil) != 1:
		return rec, errors.New("want either temperature or a setpoint (desired, up_delta, down_delta, mode), or a verdict, a target or a program")
	}
	return rec, rec.Check()
}

// inWords says what is wrong with a value without the words of the program's own types.
func inWords(err error) error {
	var kind *json.UnmarshalTypeError
	var moment *time.ParseError
	switch {
	case errors.As(err, &kind) && kind.Field != "":
		return fmt.Errorf("%s cannot be %s", kind.Field, kind.Value)
	case errors.As(err, &kind):
		return fmt.Errorf("%s is no object", kind.Value)
	case errors.As(err, &moment):
		return fmt.Errorf("a time cannot be %s: write such as 2026-01-31T12:00:00Z", config.Shown(moment.Value))
	}
	return err
}

// numbered reports whether the record has any number of a setpoint.
func (rec Record) numbered() bool {
	return rec.Desired != nil || rec.UpDelta != nil || rec.DownDelta != nil
}

// Check judges a reading and what may stand beside it, and a target.
func (rec Record) Check() error {
	if rec.Target != nil {
		if _, err := rec.aim(); err != nil {
			return fmt.Errorf("target: %w", err)
		}
	}
	for name, is := range map[string]bool{"bar": rec.Bar, "auto": rec.Auto, "ahead": rec.Ahead, "next": rec.Next != nil} {
		if is && rec.Target == nil {
			return fmt.Errorf("%s belongs beside a target", name)
		}
	}
	if rec.Ahead && (rec.Next == nil || rec.Next.Desired == nil) {
		return errors.New("ahead: next is missing, with its desired")
	}
	if err := rec.checkLearned(); err != nil {
		return err
	}
	if rec.Temperature != nil && *rec.Temperature < absoluteZero {
		return fmt.Errorf("temperature: %v is below %v °C", *rec.Temperature, absoluteZero)
	}
	return rec.checkBeside()
}

// checkLearned judges what a start knew.
func (rec Record) checkLearned() error {
	if rec.Learned == nil {
		return nil
	}
	if rec.Verdict == nil || *rec.Verdict != string(controlloop.VerdictNoReading) {
		return errors.New("learned belongs beside the verdict no_reading")
	}
	var known foresee.Known
	if err := known.UnmarshalBinary(rec.Learned); err != nil {
		return fmt.Errorf("learned: %w", err)
	}
	return nil
}

func count(all ...bool) (n int) {
	for _, is := range all {
		if is {
			n++
		}
	}
	return n
}

// checkBeside judges what may stand beside a reading.
func (rec Record) checkBeside() error {
	if rec.Temperature == nil && (rec.Heater != nil || rec.Cooler != nil || rec.Outdoor != nil) {
		return errors.New("heater, cooler and outdoor belong beside a temperature")
	}
	for name, word := range map[string]*string{"heater": rec.Heater, "cooler": rec.Cooler} {
		if word != nil && *word != "on" && *word != "off" {
			return fmt.Errorf("%s: %s is none of on, off", name, config.Shown(*word))
		}
	}
	if o := rec.Outdoor; o != nil && !(-90 <= *o && *o <= 60) {
		return fmt.Errorf("outdoor: %v is outside -90..60 °C", *o)
	}
	return nil
}

// aim is what the law was given, by a target: exactly that, within no bounds but the law's own.
func (rec Record) aim() (controlloop.Setpoint, error) {
	sp := controlloop.Setpoint{Desired: math.NaN(), UpDelta: math.NaN(), DownDelta: math.NaN(), Source: "replay"}
	if rec.Mode == nil {
		if rec.numbered() {
			return sp, errors.New("mode is missing; without one nothing is aimed at, so leave desired, up_delta and down_delta out, too")
		}
		return sp, nil
	}
	mode, err := controlloop.ParseMode(*rec.Mode)
	if err == nil && mode == controlloop.ModeAuto {
		err = errors.New("mode auto is none of the law's: write off, heat, cool or heat_cool")
	}
	if err != nil {
		return sp, err
	}
	sp.Mode = mode
	for _, n := range []struct {
		name string
		from *float64
		to   *float64
	}{{"desired", rec.Desired, &sp.Desired}, {"up_delta", rec.UpDelta, &sp.UpDelta}, {"down_delta", rec.DownDelta, &sp.DownDelta}} {
		switch {
		case n.from == nil && mode != controlloop.ModeOff:
			return sp, fmt.Errorf("%s is missing: every mode but off needs it", n.name)
		case n.from == nil:
			continue
		case n.to != &sp.Desired && *n.from <= 0:
			return sp, fmt.Errorf("%s: %v is not above 0 K", n.name, *n.from)
		}
		*n.to = *n.from
	}
	return sp, nil
}
