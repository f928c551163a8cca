package client

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestPresenceIsWhatTheBrokerShows: offline when its status says so, silent when nothing comes from
// it, and neither for want of patience.
func TestPresenceIsWhatTheBrokerShows(t *testing.T) {
	const info = `{"every_s":60}`
	type said struct {
		at             time.Duration
		topic, payload string
		retained       bool
	}
	retained := []said{{0, "status", "online", true}, {0, "info", info, true}, {0, "room/state", "{}", true}}
	for name, c := range map[string]struct {
		said []said
		want []Presence
	}{
		"only what it said long ago": {retained, []Presence{Online, Silent}},
		"a state is a sign of life":  {append(retained, said{140 * time.Second, "room/state", "{}", false}), []Presence{Online}},
		"an info is a sign of life":  {append(retained, said{140 * time.Second, "info", info, false}), []Presence{Online}},
		"it comes back":              {append(retained, said{170 * time.Second, "info", info, false}), []Presence{Online, Silent, Online}},
		"it goes":                    {append(retained, said{100 * time.Second, "status", "offline", false}), []Presence{Online, Offline}},
		"offline is not silent":      {[]said{{0, "status", "offline", true}, {0, "info", info, true}}, []Presence{Offline}},
		"it does not tell how often": {[]said{{0, "status", "online", true}, {0, "info", `{}`, true}}, []Presence{Online}},
		"how often is nonsense":      {[]said{{0, "status", "online", true}, {0, "info", `{"every_s":-1}`, true}}, []Presence{Online}},
		"no status":                  {[]said{{0, "info", info, true}}, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := &Client{prefix: "p", messages: make(chan Message)}
			ctx, end := context.WithTimeout(t.Context(), 200*time.Second)
			defer end()
			for _, s := range c.said {
				time.AfterFunc(s.at, func() { r.messages <- Message{"p/d/" + s.topic, []byte(s.payload), s.retained} })
			}
			var got []Presence
			err := r.trackPresence(ctx, func(s Event) {
				if s.Online != nil {
					got = append(got, s.Presence)
					if s.Device != "d" || *s.Online != (s.Presence == Online) {
						t.Errorf("%s: %+v", name, s)
					}
				}
			})
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%s: %q, want %q (%v)", name, got, c.want, err)
			}
		})
	}
}

// TestWatchTellsOfSources: as they are published, and that one is gone; its topic is asked for by name where
// only that gives what is retained.
func TestWatchTellsOfSources(t *testing.T) {
	var got []string
	tr := &presenceTracker{devices: map[string]*trackedDevice{}, emit: func(e Event) {
		got = append(got, fmt.Sprintf("%s/%s|%s %s %v", e.Device, e.Zone, e.Source, e.State, e.Gone))
	}}
	c := &Client{prefix: "p"}
	c.trackMessage(tr, Message{"p/d/info", []byte(`{"sources":["boiler"],"zones":{"bath":{}}}`), true})
	if topics := tr.missing("p"); !slices.Equal(topics, []string{"p/d/status", "p/d/bath/state", "p/d/boiler/source"}) {
		t.Errorf("asked for by name: %q", topics)
	}
	c.trackMessage(tr, Message{"p/d/boiler/source", []byte(`{"name":"boiler"}`), true})
	c.trackMessage(tr, Message{"p/d/boiler/source", nil, false})
	if want := []string{`d/|boiler {"name":"boiler"} false`, "d/|boiler  true"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
