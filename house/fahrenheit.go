package house

import "fmt"

// hottestMedian is what neither a room nor a climate has in the middle of its
// values, °C; a room in Fahrenheit is past 60.
const hottestMedian = 45

// Units counts values that are said to be °C. A single hot one is no sign of
// Fahrenheit, half of them are.
type Units struct {
	hot, all int
	line     int     // of the first hot one
	value    float64 // the first hot one
}

// Add takes the value of a line.
func (u *Units) Add(celsius float64, line int) {
	u.all++
	if celsius > hottestMedian {
		if u.hot == 0 {
			u.line, u.value = line, celsius
		}
		u.hot++
	}
}

// Check refuses values that look like Fahrenheit as a whole.
func (u *Units) Check() error {
	if 2*u.hot <= u.all {
		return nil
	}
	return fmt.Errorf("line %d: %v, and half of the temperatures are above %v °C: this looks like Fahrenheit, and °C are wanted", u.line, u.value, hottestMedian)
}
