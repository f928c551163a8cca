package status

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/report"
)

// beatEvery is how often a stream says that it lives. The page takes a longer
// silence for the end.
const beatEvery = 5 * time.Second

// hello begins a stream: what the page needs to know besides the states.
type hello struct {
	Programs uint64        `json:"programs"` // as a beat's, from before the programs were looked at
	Page     string        `json:"page"`     // the edition; the page loads itself anew if it is another
	Device   string        `json:"device"`
	Version  string        `json:"version"`
	Units    string        `json:"units"`    // C, F
	Timezone string        `json:"timezone"` // on whose clocks programs run, IANA's name; empty: the system's without one
	Changes  changes       `json:"changes"`  // open, password, none
	Zones    []helloZone   `json:"zones"`
	Sources  []helloSource `json:"sources"` // of heat that zones share
}

type helloSource struct {
	Name string `json:"name"`
	Pump bool   `json:"pump"` // it has one
}

type helloZone struct {
	Name       string   `json:"name"`
	Title      string   `json:"title"` // for people; empty: the name
	Modes      []string `json:"modes"`
	DesiredMin float64  `json:"desired_min"` // °C
	DesiredMax float64  `json:"desired_max"` // °C
	SampleS    float64  `json:"sample_s"`
	Program    any      `json:"program"`         // in force when the stream begins, as at its own address
	Calls      string   `json:"calls,omitempty"` // the source that heats it
}

// beat is what a stream says now and then.
type beat struct {
	Time   time.Time `json:"time"`
	Broker *bool     `json:"broker"` // connected; null: there is none

	Programs uint64 `json:"programs"` // another number than before: the program of a zone is another
}

// events streams the states as they change: server-sent events hello, zone, source and
// beat. A stream that falls behind is given what is newest, and one whose
// client does not read ends.
func (s *Server) events(who changes, w http.ResponseWriter, r *http.Request) {
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		w.Header().Set("Retry-After", "10")
		refuse(w, http.StatusServiceUnavailable, fmt.Sprintf("%d pages are open already", maxStreams))
		return
	}
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Time{}) // a stream is no slow request; every connection of net/http can do this
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store, no-transform") // packed, it would wait for more
	w.Header().Set("X-Accel-Buffering", "no")                 // nginx would keep it until it has 4 KB
	if r.Method == http.MethodHead {
		return
	}
	text := appendEvent(nil, "hello", asJSON(s.hello(who.of(r))))
	text = appendEvent(text, "beat", asJSON(s.beat()))
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	for seen := uint64(0); ; {
		news := s.board.since(seen)
		seen = news.newest
		for _, f := range news.frames {
			text = appendEvent(text, "zone", f.text())
		}
		for _, snap := range news.sources {
			text = appendEvent(text, "source", asJSON(report.OfSource(snap)))
		}
		if !send(w, rc, text) {
			return
		}
		select {
		case <-news.more:
			text = nil
		case <-ticker.C:
			text = appendEvent(nil, "beat", asJSON(s.beat()))
		case <-r.Context().Done():
			return
		}
	}
}

// send writes and does not wait long for a client that does not read.
func send(w http.ResponseWriter, rc *http.ResponseController, text []byte) bool {
	if len(text) == 0 {
		return true
	}
	_ = rc.SetWriteDeadline(time.Now().Add(writeTime)) // every connection of net/http can do this
	_, err := w.Write(text)
	return err == nil && rc.Flush() == nil
}

func appendEvent(b []byte, name string, data []byte) []byte {
	return fmt.Appendf(b, "event: %s\ndata: %s\n\n", name, bytes.TrimSpace(data))
}

func asJSON(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // our own types
	}
	return text
}

func (s *Server) beat() beat {
	b := beat{Time: time.Now().UTC().Truncate(time.Millisecond), Programs: s.opts.Programs()}
	if s.opts.Connected != nil {
		is := s.opts.Connected()
		b.Broker = &is
	}
	return b
}

func (s *Server) hello(who changes) hello {
	h := hello{
		Programs: s.opts.Programs(),
		Page:     s.assets.tag(), Device: s.opts.Device, Version: s.opts.Version,
		Units: s.opts.Units, Timezone: s.opts.Timezone, Changes: who, Zones: []helloZone{}, Sources: []helloSource{},
	}
	for _, z := range s.opts.Zones {
		p := z.Params
		h.Zones = append(h.Zones, helloZone{z.Name, z.Title, modesOf(p), p.DesiredMin, p.DesiredMax, p.Sample.Seconds(), s.opts.Program(z.Name), z.Calls})
	}
	for _, source := range s.opts.Sources {
		h.Sources = append(h.Sources, helloSource(source))
	}
	return h
}

// modesOf lists the modes for which a zone has the relays.
func modesOf(p controlloop.Params) (words []string) {
	for m := controlloop.ModeOff; m <= controlloop.ModeHeatCool; m++ {
		if (p.Heater || !m.Heats()) && (p.Cooler || !m.Cools()) {
			words = append(words, m.String())
		}
	}
	return words
}
