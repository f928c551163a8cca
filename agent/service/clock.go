package service

import (
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"thermostat/agent/state"
)

// ClockKind says why the wall clock is believed, or that it is not.
type ClockKind string

// The kinds of clocks.
const (
	ClockSet   ClockKind = "synced" // a time server has set it
	ClockRTC   ClockKind = "rtc"    // the kernel set it from one that runs on while the board is off
	ClockGuess ClockKind = "guess"  // neither: a board without one starts in the past
	ClockOwner ClockKind = "trust"  // the configuration says that it is right
)

const (
	lookAgain = time.Second     // between two looks at the clock: zones ask at each tick
	leap      = 5 * time.Minute // by which a clock is set, and does not only run fast or slow
)

// ClockTrust tells whether the wall clock can be followed. What was right once is
// right until the machine stops: the kernel forgets a time server after some hours,
// and the clock runs on. Any goroutine may ask it.
type ClockTrust struct {
	Always    bool                 // the owner says so
	NotBefore time.Time            // no working clock shows an earlier time
	Synced    func() *bool         // whether a time server has set it; nil: nobody tells
	RTC       func() time.Time     // of the clock from which the kernel set it at its start; zero: none
	SinceBoot func() time.Duration // of the clock that nobody sets
	Before    bool                 // it was followed earlier in this boot
	Spoilt    bool                 // it was set to another time earlier in this boot, and by no time server
	Changed   func()               // is told when it can be, and when it no longer can; nil is allowed

	mu     sync.Mutex
	looked time.Time
	kind   ClockKind     // since it can be followed; empty: it cannot
	spoilt bool          // it was set to another time since, and by no time server
	ahead  time.Duration // of the clock that nobody sets, at the last look
	told   bool          // what Changed has heard
}

// NewClockTrust judges the clock of this machine; always where its owner says that
// it is right.
func NewClockTrust(always bool, notBefore time.Time) *ClockTrust {
	boot := state.ThisBoot()
	return &ClockTrust{
		Always: always, NotBefore: notBefore, Synced: ClockSynced,
		RTC: func() time.Time { return RTC("/") }, SinceBoot: boot.Now,
	}
}

// Look judges the clock that shows now.
func (c *ClockTrust) Look(now time.Time) ClockKind {
	if c.Always {
		return ClockOwner
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if since := now.Sub(c.looked); c.looked.IsZero() || since < 0 || since >= lookAgain {
		c.look(now)
		c.looked = now
	}
	if c.kind == "" {
		return ClockGuess
	}
	return c.kind
}

func (c *ClockTrust) look(now time.Time) {
	ahead := time.Duration(now.UnixNano()) - c.SinceBoot()
	asked := c.ask(now)
	switch first := c.looked.IsZero(); {
	case first && c.Spoilt:
		c.spoilt = true
	case first && c.Before && asked == "" && !now.Before(c.NotBefore):
		asked = ClockSet
	case !first && (ahead-c.ahead).Abs() > leap:
		c.spoilt = asked != ClockSet
	}
	c.ahead = ahead
	switch was := c.kind; {
	case asked == ClockSet:
		c.kind, c.spoilt = asked, false
	case c.spoilt:
		c.kind = ""
	case was == "":
		c.kind = asked
	}
	if is := c.kind != ""; is != c.told && c.Changed != nil {
		c.told = is
		go c.Changed() // it writes a file: no zone waits for a slow card
	}
}

// Followed reports whether the clock could be followed at the last look.
func (c *ClockTrust) Followed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kind != ""
}

// ask gives what can be known of the clock without what was; empty: nothing.
func (c *ClockTrust) ask(now time.Time) ClockKind {
	if now.Before(c.NotBefore) {
		return ""
	}
	if synced := c.Synced(); synced != nil && *synced {
		return ClockSet
	}
	if !c.looked.IsZero() { // it tells of the start alone
		return ""
	}
	if rtc := c.RTC(); !rtc.IsZero() && !rtc.Before(c.NotBefore) {
		return ClockRTC
	}
	return ""
}

// RTC reads the clock from which the kernel set its own at the start, below a root
// that tests choose; zero where there is none (Documentation/ABI/testing/rtc-cdev:
// hctosys is 1 for that one).
func RTC(root string) time.Time {
	clocks, _ := filepath.Glob(filepath.Join(root, "/sys/class/rtc/rtc*"))
	for _, dir := range clocks {
		if word(filepath.Join(dir, "hctosys")) != "1" {
			continue
		}
		if s, err := strconv.ParseInt(word(filepath.Join(dir, "since_epoch")), 10, 64); err == nil {
			return time.Unix(s, 0)
		}
	}
	return time.Time{}
}
