package reach

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"thermostat/agent/cli"
	"thermostat/mqtt/broker"
	"thermostat/mqtt/client"
)

// The page says every 5 s that it lives.
const (
	PageSilence = 15 * time.Second // is its end
	pageAgain   = 2 * time.Second  // until it is looked for again
	maxPageLine = 1 << 20          // bytes
)

// Look is what one look at a page has seen.
type Look struct {
	device  string
	zones   []string // that it said to have
	sources []string // of heat, too
	Saw     func(client.Event)
}

// Watch tells of every change that the page shows until the context ends. An
// agent that goes away is told as offline and looked for again; the first look
// must find it.
func (p *Page) Watch(ctx context.Context, _ string, saw func(client.Event)) error {
	l := &Look{Saw: saw}
	for {
		err := p.Look(ctx, l)
		switch {
		case ctx.Err() != nil:
			return nil
		case l.device == "":
			return err
		}
		l.isThere(false)
		cli.Pause(ctx, pageAgain)
	}
}

// Look follows the stream of a page until it ends.
func (p *Page) Look(ctx context.Context, l *Look) error {
	e, err := p.request(ctx, http.MethodGet, "/api/events", nil)
	if err != nil {
		return err
	}
	defer e.Close()
	if e.StatusCode != http.StatusOK {
		return p.strange(e.Response)
	}
	lines := bufio.NewScanner(e.Body)
	lines.Buffer(nil, maxPageLine)
	event := ""
	for {
		_ = e.conn.SetReadDeadline(time.Now().Add(PageSilence)) // every TCP connection can
		if !lines.Scan() {
			return fmt.Errorf("%w: the page at http://%s has ended", broker.ErrNoAnswer, p.Listen)
		}
		name, value, _ := bytes.Cut(lines.Bytes(), []byte(": "))
		switch string(name) {
		case "event":
			event = string(value)
		case "data":
			l.heard(event, bytes.Clone(value))
		}
	}
}

// heard takes an event of the stream; one that cannot be read is left out.
func (l *Look) heard(event string, data []byte) {
	var state struct{ Zone, Name string }
	switch event {
	case "hello":
		l.welcome(data)
	case "zone":
		if json.Unmarshal(data, &state) == nil && slices.Contains(l.zones, state.Zone) {
			l.Saw(client.Event{Device: l.device, Zone: state.Zone, State: data})
		}
	case "source":
		if json.Unmarshal(data, &state) == nil && slices.Contains(l.sources, state.Name) {
			l.Saw(client.Event{Device: l.device, Source: state.Name, State: data})
		}
	}
}

// named are zones or sources as a stream names them.
type named []struct{ Name string }

func (n named) names() (all []string) {
	for _, one := range n {
		all = append(all, one.Name)
	}
	return all
}

// welcome takes the beginning of a stream: what there is, and so what is no more.
func (l *Look) welcome(data []byte) {
	var hello struct {
		Device         string
		Zones, Sources named
	}
	if json.Unmarshal(data, &hello) != nil || hello.Device == "" {
		return
	}
	zones, sources, other := hello.Zones.names(), hello.Sources.names(), hello.Device != l.device
	for _, old := range l.zones {
		if other || !slices.Contains(zones, old) {
			l.Saw(client.Event{Device: l.device, Zone: old, Gone: true})
		}
	}
	for _, old := range l.sources {
		if other || !slices.Contains(sources, old) {
			l.Saw(client.Event{Device: l.device, Source: old, Gone: true})
		}
	}
	l.device, l.zones, l.sources = hello.Device, zones, sources
	l.isThere(true)
}

func (l *Look) isThere(is bool) {
	s := client.Event{Device: l.device, Online: &is, Presence: client.Offline}
	if is {
		s.Presence = client.Online
	}
	l.Saw(s)
}
