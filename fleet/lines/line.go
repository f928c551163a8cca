package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	pb "thermostat/proto"
)

// line is one record that `thermostat replay` takes: a reading, an answer of a
// sensor that was none, a setpoint, or a target, which has its kind beside what the
// law was given.
type line struct {
	Time        time.Time `json:"time"`
	SensorID    int32     `json:"sensor_id"`
	Temperature *float64  `json:"temperature,omitempty"` // °C
	Verdict     string    `json:"verdict,omitempty"`
	Target      *string   `json:"target,omitempty"`  // empty: nothing was aimed at
	Desired     *float64  `json:"desired,omitempty"` // °C
	UpDelta     *float64  `json:"up_delta,omitempty"`
	DownDelta   *float64  `json:"down_delta,omitempty"`
	Mode        string    `json:"mode,omitempty"`
	Bar         bool      `json:"bar,omitempty"`
	Auto        bool      `json:"auto,omitempty"`
	Ahead       bool      `json:"ahead,omitempty"`
	Next        *next     `json:"next,omitempty"`
	Learned     []byte    `json:"learned,omitempty"` // of a start

	seq uint64 // of the message in the log
}

// next is a transition to come.
type next struct {
	At      time.Time `json:"at"`
	Desired *float64  `json:"desired,omitempty"` // °C; none: off
}

var errNoTime = errors.New("no time: an agent older than the log writes it so")

// lineOf makes a line of a message of the log; ok is false for one that makes
// none.
func lineOf(subject string, payload []byte) (l line, ok bool, err error) {
	switch subject[strings.LastIndexByte(subject, '.')+1:] {
	case "sensor":
		l, err = ofSensor(payload)
		return l, err == nil, err
	case "ack":
		return ofAck(payload)
	case "target":
		l, err = ofTarget(payload)
		return l, err == nil, err
	}
	return line{}, false, nil // control, program, heater and cooler say nothing that these do not
}

// ofSensor: a temperature where there is one, else what was wrong.
func ofSensor(payload []byte) (line, error) {
	var d pb.SensorData
	if err := proto.Unmarshal(payload, &d); err != nil {
		return line{}, errors.New("no SensorData")
	}
	l := line{SensorID: d.GetSensorID(), Verdict: d.GetVerdict(), Learned: d.GetLearned()}
	good := l.Verdict == "" || l.Verdict == "ok"
	switch {
	case d.SensorID == nil:
		return l, errors.New("no sensorID")
	case d.ReadAt == nil:
		return l, errNoTime
	case good && d.Temperature == nil:
		return l, errors.New("neither temperature nor verdict")
	case good:
		l.Verdict, l.Temperature = "", d.Temperature
	}
	l.Time = d.ReadAt.AsTime()
	return l, nil
}

// ofAck: a setpoint from when the zone began to obey it. An answer after which
// nothing new was obeyed has no time.
func ofAck(payload []byte) (l line, ok bool, err error) {
	var a struct {
		Applied   bool       `json:"applied"`
		Time      *time.Time `json:"time"`
		SensorID  *int32     `json:"sensor_id"`
		Desired   *float64   `json:"desired"`
		UpDelta   *float64   `json:"up_delta"`
		DownDelta *float64   `json:"down_delta"`
		Mode      string     `json:"mode"`
	}
	if err := json.Unmarshal(payload, &a); err != nil {
		return l, false, fmt.Errorf("no answer: %w", err)
	}
	if !a.Applied || a.Time == nil {
		return l, false, nil
	}
	if a.SensorID == nil {
		return l, false, errors.New("no sensor_id")
	}
	return line{
		Time: a.Time.UTC(), SensorID: *a.SensorID,
		Desired: a.Desired, UpDelta: a.UpDelta, DownDelta: a.DownDelta, Mode: a.Mode,
	}, true, nil
}

// ofTarget: what the law aims at from then on. Without a mode that is nothing.
func ofTarget(payload []byte) (line, error) {
	var t struct {
		Time      *time.Time `json:"time"`
		SensorID  *int32     `json:"sensor_id"`
		Mode      string     `json:"mode"`
		Desired   *float64   `json:"desired"`
		UpDelta   *float64   `json:"up_delta"`
		DownDelta *float64   `json:"down_delta"`
		Bar       bool       `json:"bar"`
		Auto      bool       `json:"auto"`
		Ahead     bool       `json:"ahead"`
		Next      *next      `json:"next"`
		Target    string     `json:"target"`
	}
	err := json.Unmarshal(payload, &t)
	switch {
	case err != nil:
		return line{}, fmt.Errorf("no target: %w", err)
	case t.SensorID == nil:
		return line{}, errors.New("no sensor_id")
	case t.Time == nil:
		return line{}, errors.New("no time")
	}
	return line{
		Time: t.Time.UTC(), SensorID: *t.SensorID, Bar: t.Bar, Target: &t.Target, Auto: t.Auto, Ahead: t.Ahead, Next: t.Next,
		Mode: t.Mode, Desired: t.Desired, UpDelta: t.UpDelta, DownDelta: t.DownDelta,
	}, nil
}
