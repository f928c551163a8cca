package cli

import "time"

// Moment is a time as people say it, on the clocks of a place: without a day within the
// next 24 hours, with its weekday within a week, else with its date.
func Moment(at, now time.Time, place *time.Location) string {
	form := "2 Jan 2006 15:04"
	switch ahead := at.Sub(now); {
	case ahead < 24*time.Hour:
		form = "15:04"
	case ahead < 6*24*time.Hour:
		form = "Mon 15:04"
	}
	return at.In(place).Format(form)
}
