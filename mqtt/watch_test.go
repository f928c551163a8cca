package mqtt

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"thermostat/mqtt/client"
)

// TestAWatchedAgentWithoutNewsIsOnline: one that has nothing new to tell is not silent.
func TestAWatchedAgentWithoutNewsIsOnline(t *testing.T) {
	inHouse(t, func(h *house) {
		h.startAgent(18)
		time.Sleep(time.Minute + pulse/2) // not while it publishes: mochi's index of retained messages races there
		ctx, end := context.WithCancel(context.Background())
		defer end()
		r, err := client.Connect(ctx, h.access())
		must(t, err)
		defer r.Close()
		var mu sync.Mutex
		var got []client.Presence
		go r.Watch(ctx, "cabin", func(s client.Event) {
			mu.Lock()
			defer mu.Unlock()
			if s.Online != nil {
				got = append(got, s.Presence)
			}
		})
		time.Sleep(20 * time.Minute)
		mu.Lock()
		defer mu.Unlock()
		if !slices.Equal(got, []client.Presence{client.Online}) {
			t.Errorf("%q", got)
		}
	})
}
