package program

import (
	"fmt"
	"time"
)

// Moment is a date and a time of day on the clocks of a place.
type Moment struct {
	Date   time.Time // the beginning of the day in UTC
	Minute int       // of the day, 0..1439
}

const (
	momentForm = "2006-01-02 15:04"
	dateLength = len(time.DateOnly)
	firstYear  = 2000
)

// ParseMoment reads a date and a time of day such as 2027-01-02 12:00: a real date of the
// years 2000 to 9999.
func ParseMoment(text string) (Moment, error) {
	if len(text) == len(momentForm) && text[dateLength] == ' ' {
		date, dateErr := time.Parse(time.DateOnly, text[:dateLength])
		minute, minuteErr := Minute(text[dateLength+1:])
		if dateErr == nil && minuteErr == nil && date.Year() >= firstYear {
			return Moment{date, minute}, nil
		}
	}
	return Moment{}, fmt.Errorf("%.40q is no moment: write a date of the years 2000 to 9999 and a time of day, such as 2027-01-02 12:00", text)
}

// String gives the moment as [ParseMoment] reads it.
func (m Moment) String() string {
	return m.Date.Add(time.Duration(m.Minute) * time.Minute).Format(momentForm)
}

// MarshalText is [Moment.String].
func (m Moment) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText is [ParseMoment].
func (m *Moment) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMoment(string(text))
	return err
}

// At is when the clocks of a place first show the moment, or a later time.
func (m Moment) At(place *time.Location) time.Time { return instant(m.Date, m.Minute, place) }

// Interval is a time in which a preset counts, and not the week.
type Interval struct {
	From   Moment `json:"from"`
	To     Moment `json:"to"`
	Preset string `json:"preset"`
}

// aDayOrTwo is further than the clocks of any place are from UTC.
const aDayOrTwo = 48 * time.Hour

// Contains reports whether the interval has begun, and not ended, on the clocks of a place.
func (i Interval) Contains(now time.Time, place *time.Location) bool {
	if i.From.Date.Sub(now) > aDayOrTwo || now.Sub(i.To.Date) > aDayOrTwo { // most are, and this costs nothing
		return false
	}
	return !now.Before(i.From.At(place)) && now.Before(i.To.At(place))
}
