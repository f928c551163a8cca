package device

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"thermostat/mqtt/wire"
)

// timeKeys are what devices call the time of a measurement, the surest first.
// What merely changes now and then, such as lastUpdate, is none of them.
var timeKeys = []string{"readat", "measuredat", "time", "timestamp", "datetime", "ts", "lastseen", "unixtime", "epoch", "dateutc"}

// timeForms are how they write it. Without a zone it is taken as it stands: only
// the order counts. A form without seconds would make one of many readings.
var timeForms = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999 Z0700", "2006-01-02 15:04:05.999999999",
}

// A device that does not know the time begins in 1970, and anew at each start;
// what counts from its own start is no time either.
var earliestTime = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// ownTime is the time that a document gives for a value: in the nearest object
// around it that has one. Zero where there is none.
func ownTime(at spot) time.Time {
	for _, object := range slices.Backward(at.around) {
		best, found := len(timeKeys), time.Time{}
		for _, key := range slices.Sorted(maps.Keys(object)) {
			if rank := slices.Index(timeKeys, folded(key)); rank >= 0 && rank < best {
				if t := parseTime(object[key]); !t.IsZero() {
					best, found = rank, t
				}
			}
		}
		if !found.IsZero() {
			return found
		}
	}
	return time.Time{}
}

func parseTime(value any) (t time.Time) {
	switch v := value.(type) {
	case json.Number:
		t = parseUnix(v.String())
	case string:
		if t = parseUnix(v); !t.IsZero() {
			return t
		}
		for _, form := range timeForms {
			var err error
			if t, err = time.Parse(form, strings.TrimSpace(v)); err == nil {
				break
			}
		}
	}
	if t.Before(earliestTime) {
		return time.Time{}
	}
	return t
}

// parseUnix reads seconds since 1970, or thousandths, millionths, billionths: of
// a date of our time each has a size of its own.
func parseUnix(text string) time.Time {
	x, err := wire.ParseDecimal(text)
	for unit := 1.0; err == nil && unit <= 1e9; unit *= 1e3 {
		if s := x / unit; s >= float64(earliestTime.Unix()) && s < 1e11 {
			return time.UnixMicro(int64(s * 1e6)).UTC()
		}
	}
	return time.Time{}
}
