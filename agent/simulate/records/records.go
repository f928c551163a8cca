// Package records reads what was recorded of a zone: JSON lines of replay or of watch, or a CSV file.
package records

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"thermostat/agent/config"
	"thermostat/agent/config/plain"
	"thermostat/agent/replay"
	"thermostat/controlloop"
	"thermostat/controlloop/report"
	"thermostat/house"
)

// NoSensor is the sensor_id of records that name none; no zone has it.
const NoSensor int32 = 0

// Each reads a recording record by record; errors name file and line.
func Each(file string, do func(line int, rec replay.Record) error) error {
	in, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("trace: %w", err)
	}
	defer in.Close()
	if err := scan(in, do); err != nil {
		return fmt.Errorf("trace: %s: %w", file, err)
	}
	return nil
}

// scan reads JSON lines, those of replay and of watch --json, or a CSV
// file: its first line has a column time.
func scan(in io.Reader, do func(line int, rec replay.Record) error) error {
	text := bufio.NewReader(in)
	head, _ := text.Peek(1024)
	first, _, _ := strings.Cut(strings.ToLower(string(head)), "\n")
	cells := strings.FieldsFunc(first, func(r rune) bool { return strings.ContainsRune(",; \"\r\ufeff", r) })
	if slices.Contains(cells, "time") && !strings.Contains(first, "{") {
		return scanCSV(text, first, do)
	}
	return scanLines(text, do)
}

func scanLines(in io.Reader, do func(line int, rec replay.Record) error) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, replay.MaxLine)
	seen := sightings{}
	n := 0
	for lines.Scan() {
		n++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		recs, err := seen.records(lines.Bytes())
		for _, rec := range recs {
			if err == nil {
				err = do(n, rec)
			}
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("line %d: %w (at most %d bytes a line)", n+1, err, replay.MaxLine)
	}
	return nil
}

// sightings are the last setpoints in a stream of states, by sensor.
type sightings map[int32]controlloop.Setpoint

// records gives what a line says: one record of replay's, or a state of watch
// --json, in which a new setpoint and a temperature may be at once. A line of
// watch that is no state says nothing.
func (s sightings) records(line []byte) ([]replay.Record, error) {
	var told struct {
		report.State
		Device *string `json:"device"`
		Action *string `json:"action"`
	}
	if json.Unmarshal(line, &told) != nil || told.Device == nil && told.Action == nil {
		rec, err := replay.ParseRecord(line)
		return []replay.Record{rec}, err
	}
	if told.Action == nil || told.SensorID <= 0 || told.Time.IsZero() {
		return nil, nil
	}
	var recs []replay.Record
	r, id, at := &told.State, told.SensorID, told.Time
	if sp := setpointOf(r); !sp.SameTarget(s[id]) && r.Mode != "" && r.Reason != controlloop.ReasonNoSetpoint {
		s[id] = sp
		recs = append(recs, replay.Record{Time: &at, SensorID: &id, Desired: r.Desired, UpDelta: r.UpDelta, DownDelta: r.DownDelta, Mode: &r.Mode})
	}
	if r.Temperature != nil {
		rec := replay.Record{Time: &at, SensorID: &id, Temperature: r.Temperature, Heater: r.Heater, Cooler: r.Cooler, AtSwitch: true}
		if err := rec.Check(); err != nil {
			return nil, err
		}
		recs = append(recs, rec)
	}
	return recs, nil
}

// setpointOf is what a state says is held, for comparison.
func setpointOf(r *report.State) controlloop.Setpoint {
	value := func(x *float64) float64 {
		if x == nil {
			return 0
		}
		return *x
	}
	mode, _ := controlloop.ParseMode(r.Mode) // an unknown one is complained of where it is read
	return controlloop.Setpoint{Mode: mode, Desired: value(r.Desired), UpDelta: value(r.UpDelta), DownDelta: value(r.DownDelta)}
}

// csvColumns are those that a CSV recording may have; time and temperature it must.
var csvColumns = []string{"time", "temperature", "sensor_id", "heater", "cooler", "outdoor", "desired", "up_delta", "down_delta", "mode"}

// scanCSV reads a CSV file with a header, whose separator is a comma or a
// semicolon. An empty cell says nothing.
func scanCSV(in io.Reader, first string, do func(line int, rec replay.Record) error) error {
	rows := csv.NewReader(in)
	if strings.Contains(first, ";") {
		rows.Comma = ';'
	}
	rows.TrimLeadingSpace, rows.ReuseRecord = true, true
	header, err := rows.Read()
	if err != nil {
		return fmt.Errorf("no header: %w", err)
	}
	columns, err := columnsOf(header)
	if err != nil {
		return fmt.Errorf("line 1: %w", err)
	}
	seen := map[int32]string{}
	for {
		row, err := rows.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		line, _ := rows.FieldPos(0)
		recs, err := rowRecords(columns, row, seen)
		for _, rec := range recs {
			if err == nil {
				err = do(line, rec)
			}
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
}

// columnsOf gives the name of each column.
func columnsOf(header []string) (columns []string, err error) {
	for _, name := range header {
		name = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))
		if name == "celsius" { // as in a file of weather
			name = "temperature"
		}
		if !slices.Contains(csvColumns, name) {
			return nil, fmt.Errorf("column %s is none of %s", config.Shown(name), strings.Join(csvColumns, ", "))
		}
		if slices.Contains(columns, name) {
			return nil, fmt.Errorf("column %s is there twice", config.Shown(name))
		}
		columns = append(columns, name)
	}
	if !slices.Contains(columns, "time") || !slices.Contains(columns, "temperature") {
		return nil, errors.New("the columns time and temperature are needed")
	}
	return columns, nil
}

// rowRecords gives a row's setpoint, if it is another than the sensor's last one
// in seen, and its reading.
func rowRecords(columns, row []string, seen map[int32]string) ([]replay.Record, error) {
	id := NoSensor
	reading, setpoint, said := replay.Record{SensorID: &id}, replay.Record{SensorID: &id}, ""
	for i, name := range columns {
		cell := strings.TrimSpace(row[i])
		if cell == "" {
			continue
		}
		if err := fillCell(name, cell, &reading, &setpoint); err != nil {
			return nil, err
		}
		if slices.Contains([]string{"desired", "up_delta", "down_delta", "mode"}, name) {
			said += name + cell + " "
		}
	}
	if reading.Time == nil {
		return nil, errors.New("time is missing")
	}
	setpoint.Time = reading.Time
	var recs []replay.Record
	if said != "" && said != seen[id] {
		seen[id] = said
		recs = append(recs, setpoint)
	}
	if reading.Temperature == nil {
		return recs, nil
	}
	return append(recs, reading), reading.Check()
}

// fillCell reads one cell into the record where it belongs.
func fillCell(name, cell string, reading, setpoint *replay.Record) error {
	switch name {
	case "time":
		at, err := house.ParseTime(cell)
		reading.Time = &at
		return err
	case "mode":
		setpoint.Mode = &cell
		return nil
	case "heater", "cooler":
		word, err := position(name, cell)
		*map[string]**string{"heater": &reading.Heater, "cooler": &reading.Cooler}[name] = &word
		return err
	case "sensor_id":
		id, err := strconv.ParseInt(cell, 10, 32)
		if err != nil || id <= 0 {
			return fmt.Errorf("sensor_id: %s is not a whole number from 1 to 2147483647", config.Shown(cell))
		}
		*reading.SensorID = int32(id)
		return nil
	}
	if !plain.Decimal.MatchString(cell) {
		return fmt.Errorf("%s: %s is not a decimal number", name, config.Shown(cell))
	}
	x, err := strconv.ParseFloat(cell, 64)
	if err != nil {
		return fmt.Errorf("%s: %s is not a finite number", name, config.Shown(cell))
	}
	*map[string]**float64{
		"temperature": &reading.Temperature, "outdoor": &reading.Outdoor,
		"desired": &setpoint.Desired, "up_delta": &setpoint.UpDelta, "down_delta": &setpoint.DownDelta,
	}[name] = &x
	return nil
}

// position reads that of a relay as other programs write it.
func position(name, cell string) (string, error) {
	switch strings.ToLower(cell) {
	case "on", "1", "true":
		return "on", nil
	case "off", "0", "false":
		return "off", nil
	}
	return "", fmt.Errorf("%s: %s is none of on, off, 1, 0, true, false", name, config.Shown(cell))
}
