package mqtt

import (
	"sync/atomic"
	"testing"
	"time"

	"thermostat/mqtt/device"
)

// What comes on a connection that was there before a suspend may have been on
// its way all the time: it is no reading, and the agent connects anew.
func TestAfterASuspendNothingCountsThatComesOnTheOldConnection(t *testing.T) {
	inRemoteHouse(t, device.RelaySpec{}, func(h *house) {
		var slept atomic.Int64
		h.change = func(o *Options) { o.Slept = func() time.Duration { return time.Duration(slept.Load()) } }
		h.startAgent(0)
		time.Sleep(time.Second)
		h.measure("18", 3)
		slept.Add(int64(time.Hour))
		h.say("there/sensor", "17.4", false)
		h.say("there/sensor", "17.5", false)
		time.Sleep(5 * time.Second)
		if s := h.state(); s.Temperature == nil || *s.Temperature != 18 {
			t.Errorf("what came on the old connection counts: %+v", s)
		}
		h.measure("17.9", 2)
		if s := h.state(); s.Temperature == nil || *s.Temperature != 17.9 {
			t.Errorf("what comes on the new connection does not count: %+v", s)
		}
	})
}

// Without a word from the broker the connection is made anew all the same.
func TestASuspendEndsTheConnection(t *testing.T) {
	inRemoteHouse(t, device.RelaySpec{}, func(h *house) {
		var slept atomic.Int64
		h.change = func(o *Options) { o.Slept = func() time.Duration { return time.Duration(slept.Load()) } }
		h.startAgent(0)
		time.Sleep(2 * time.Second)
		_, before := h.told("thermostat/cabin/status")
		slept.Add(int64(time.Hour))
		time.Sleep(4 * time.Second)
		if _, n := h.told("thermostat/cabin/status"); n == before || !h.session.Connected() {
			t.Errorf("online was said %d times, then %d; connected %v", before, n, h.session.Connected())
		}
	})
}
