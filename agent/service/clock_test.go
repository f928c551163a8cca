package service

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// board is a machine whose clocks a test sets.
type board struct {
	wall   time.Time
	boot   time.Duration
	synced *bool
	rtc    time.Time
	told   chan struct{}
}

func (b *board) trust() *ClockTrust {
	b.told = make(chan struct{}, 8)
	told := b.told
	return &ClockTrust{
		NotBefore: built, Changed: func() { told <- struct{}{} },
		Synced: func() *bool { return b.synced }, RTC: func() time.Time { return b.rtc },
		SinceBoot: func() time.Duration { return b.boot },
	}
}

// after lets time pass on both clocks.
func (b *board) after(d time.Duration) time.Time {
	b.wall, b.boot = b.wall.Add(d), b.boot+d
	return b.wall
}

var (
	built   = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	today   = time.Date(2026, 11, 29, 7, 0, 0, 0, time.UTC)
	yes, no = true, false
)

// TestAClockIsFollowedOnceSomethingVouchesForIt: a board that starts in 1970 is not
// believed before a time server has set it, and then until it stops.
func TestAClockIsFollowedOnceSomethingVouchesForIt(t *testing.T) {
	b := &board{wall: time.Unix(0, 0), synced: &no}
	c := b.trust()
	want := func(kind ClockKind) {
		t.Helper()
		if got := c.Look(b.after(2 * time.Second)); got != kind {
			t.Fatalf("%v: %s, want %s", b.wall, got, kind)
		}
	}
	want(ClockGuess)
	b.after(3 * time.Minute)
	want(ClockGuess)
	b.wall, b.synced = today, &yes
	want(ClockSet)
	b.synced = &no // the kernel says so some hours after the last answer
	b.after(30 * time.Hour)
	want(ClockSet)
	b.wall = b.wall.Add(2 * time.Minute) // somebody sets it a little
	want(ClockSet)
	b.wall = b.wall.Add(time.Hour)
	want(ClockGuess)
	b.after(time.Hour)
	want(ClockGuess)
	b.synced = &yes
	want(ClockSet)
	b.wall = b.wall.Add(-10 * 365 * 24 * time.Hour)
	want(ClockGuess) // a time server that tells of a time before this program was written is none
	for range 4 {    // it can be followed, and no longer, twice each
		<-b.told
	}
	if len(b.told) > 0 {
		t.Error("told more often than that changed")
	}
}

// TestAClockThatRunsOnIsBelievedAtTheStart: one that has lost its power is not, nor
// one that was set by hand since.
func TestAClockThatRunsOnIsBelievedAtTheStart(t *testing.T) {
	b := &board{wall: today, rtc: today}
	c := b.trust()
	if got := c.Look(b.wall); got != ClockRTC {
		t.Error(got)
	}
	b.wall = b.wall.Add(-time.Hour)
	if got := c.Look(b.after(time.Minute)); got != ClockGuess {
		t.Error("set by hand:", got)
	}
	b = &board{wall: today, rtc: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)}
	if got := b.trust().Look(b.wall); got != ClockGuess {
		t.Error("an RTC without power:", got)
	}
	b = &board{wall: today}
	if got := b.trust().Look(b.wall); got != ClockGuess {
		t.Error("nobody tells:", got)
	}
}

// TestAClockThatWasFollowedIsSoAfterARestartOfTheAgent: the boot goes on.
func TestAClockThatWasFollowedIsSoAfterARestartOfTheAgent(t *testing.T) {
	b := &board{wall: today, synced: &no}
	c := b.trust()
	c.Before = true
	if got := c.Look(b.wall); got != ClockSet {
		t.Error(got)
	}
}

// TestTheOwnersWordIsEnough: clock: trust.
func TestTheOwnersWordIsEnough(t *testing.T) {
	if got := (&ClockTrust{Always: true}).Look(time.Unix(0, 0)); got != ClockOwner {
		t.Error(got)
	}
}

// TestTheClockOfTheStartIsRead: the one with hctosys 1, and no other.
func TestTheClockOfTheStartIsRead(t *testing.T) {
	root := t.TempDir()
	put := func(clock, file, text string) {
		dir := filepath.Join(root, "sys/class/rtc", clock)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if at := RTC(root); !at.IsZero() {
		t.Error("no clock:", at)
	}
	put("rtc0", "hctosys", "0")
	put("rtc0", "since_epoch", "1")
	put("rtc1", "hctosys", "1")
	if at := RTC(root); !at.IsZero() {
		t.Error("a clock that cannot be read:", at)
	}
	put("rtc1", "since_epoch", "1795936800")
	if at := RTC(root); at.Unix() != 1795936800 {
		t.Error(at)
	}
}
