// Package steady tells times of which both clocks of package time say the same
// intervals, so that who reads them in a log counts as who decided counted.
package steady

import "time"

// tolerance is how far the two clocks may differ before somebody has set the wall
// clock. time.Now reads them one after the other, and a busy board may stop a program
// between; who sets a clock in one step does so by more: ntpd by 128 ms, timesyncd by
// 400 ms, chrony by 1 s.
const tolerance = 100 * time.Millisecond

// Clock is a wall clock that runs evenly from one setting to the next. Its zero value
// is ready; it is not safe for use by several goroutines at once.
type Clock struct{ anchor time.Time }

// Now is the time.
func (c *Clock) Now() time.Time { return c.at(time.Now()) }

// at corrects what time.Now gave.
func (c *Clock) at(now time.Time) time.Time {
	even := c.anchor.Add(now.Sub(c.anchor))
	if c.anchor.IsZero() || now.Round(0).Sub(even.Round(0)).Abs() > tolerance {
		c.anchor = now
		return now
	}
	return even
}
