package house

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// Bounds of recorded weather.
const (
	coldestOutdoors = -90.0 // °C, the coldest and the warmest ever measured at a station, rounded outwards
	warmestOutdoors = 60.0
	brightest       = 1500.0 // W/m², above the sun outside the atmosphere
	longestGap      = 3 * time.Hour
)

// ReadWeather reads the columns time, celsius and, optional, w_per_m2 of a CSV
// file with a header. Times are RFC 3339 or 2026-01-31 12:00. Its errors name
// line and value.
func ReadWeather(in io.Reader) (*Weather, error) {
	rows := csv.NewReader(in)
	rows.TrimLeadingSpace = true
	rows.ReuseRecord = true
	header, err := rows.Read()
	if err != nil {
		return nil, fmt.Errorf("no header: %w", err)
	}
	place, err := columnsOf(header)
	if err != nil {
		return nil, err
	}
	w, units := &Weather{}, Units{}
	for {
		row, err := rows.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		line, _ := rows.FieldPos(0)
		if err := w.add(row, place); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		units.Add(w.rows[len(w.rows)-1].outdoor, line)
	}
	if len(w.rows) < 2 {
		return nil, errors.New("at least two rows are needed")
	}
	return w, units.Check()
}

// columnsOf gives the places of time, celsius and w_per_m2; -1 where there is none.
func columnsOf(header []string) (place [3]int, err error) {
	names := [3]string{"time", "celsius", "w_per_m2"}
	place = [3]int{-1, -1, -1}
	for i, h := range header {
		h = strings.TrimPrefix(strings.TrimSpace(h), "\ufeff")
		known := false
		for k, name := range names {
			if h == name {
				place[k], known = i, true
			}
		}
		if !known {
			return place, fmt.Errorf("line 1: column %.40q is none of time, celsius, w_per_m2", h)
		}
	}
	if place[0] < 0 || place[1] < 0 {
		return place, errors.New("line 1: the columns time and celsius are needed")
	}
	return place, nil
}

func (w *Weather) add(row []string, place [3]int) error {
	at, err := ParseTime(row[place[0]])
	if err != nil {
		return err
	}
	var r weatherRow
	if r.outdoor, err = within(row[place[1]], "celsius", coldestOutdoors, warmestOutdoors); err != nil {
		return err
	}
	if place[2] >= 0 {
		if r.sun, err = within(row[place[2]], "w_per_m2", -20, brightest); err != nil {
			return err
		}
		r.sun = max(0, r.sun) // a pyranometer looks into the cold sky at night
	}
	if len(w.rows) == 0 {
		w.Start = at
	}
	r.at = at.Sub(w.Start)
	if n := len(w.rows); n > 0 {
		switch gap := r.at - w.rows[n-1].at; {
		case gap <= 0:
			return fmt.Errorf("time %s is not after the one before it", row[place[0]])
		case gap > longestGap:
			return fmt.Errorf("time %s is %v after the one before it, at most %v may be missing", row[place[0]], gap, longestGap)
		}
	}
	w.rows = append(w.rows, r)
	return nil
}

// ParseTime reads a time; one without a zone is taken as it stands.
func ParseTime(text string) (time.Time, error) {
	for _, form := range []string{time.RFC3339, "2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04"} {
		if t, err := time.Parse(form, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("time %.40q is none like 2026-01-31T12:00:00Z or 2026-01-31 12:00", text)
}

func within(text, name string, low, high float64) (float64, error) {
	x, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	switch {
	case err != nil || math.IsNaN(x) || strings.ContainsAny(text, "_xX"): // Go takes 2_1 and 0x1p4, a table does not mean them
		return 0, fmt.Errorf("%s %.40q is no number", name, text)
	case x < low || x > high:
		hint := ""
		if name == "celsius" && x > high && x <= 140 {
			hint = "; is it in Fahrenheit?"
		}
		return 0, fmt.Errorf("%s %v is outside %v..%v%s", name, x, low, high, hint)
	}
	return x, nil
}
