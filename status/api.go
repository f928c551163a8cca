package status

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"thermostat/controlloop/report"
)

// Answer says what became of a change. It is that of the broker's ack topic.
type Answer struct {
	Applied bool     `json:"applied"` // the zone obeys it
	ID      *string  `json:"id"`      // that the control had; null: none
	Desired *float64 `json:"desired"` // °C, in force after it
	Mode    string   `json:"mode"`    // in force after it
	Reason  string   `json:"reason"`  // why it was refused, or what went wrong beside

	Topic     string     `json:"topic"`      // control or program
	SensorID  int32      `json:"sensor_id"`  // of the zone
	UpDelta   *float64   `json:"up_delta"`   // K, in force after it
	DownDelta *float64   `json:"down_delta"` // K, in force after it
	Time      *time.Time `json:"time"`       // when the zone began to obey it; null: nothing new was to be obeyed
}

const (
	maxControl = 64 << 10         // bytes; what is larger is no control
	answerTime = 10 * time.Second // a zone obeys at once, a slow card may take its time
)

// zones answers with the states of all zones, as they are published.
func (s *Server) zones(w http.ResponseWriter, _ *http.Request) {
	frames := s.board.since(0).frames
	texts := make([][]byte, len(frames))
	for i, f := range frames {
		texts[i] = f.text()
	}
	writeJSON(w, http.StatusOK, append(append([]byte("["), bytes.Join(texts, []byte(","))...), ']'))
}

// sources answers with the sources of heat, as they are published; one that has not begun yet is left out.
func (s *Server) sources(w http.ResponseWriter, _ *http.Request) {
	all := []report.Source{}
	for _, snap := range s.board.sources() {
		if !snap.Time.IsZero() {
			all = append(all, report.OfSource(snap))
		}
	}
	writeAny(w, http.StatusOK, all)
}

// history answers with the last 24 hours of a zone.
func (s *Server) history(w http.ResponseWriter, r *http.Request) {
	c, ok := s.board.course(r.PathValue("zone"))
	if !ok {
		refuse(w, http.StatusNotFound, "there is no such zone")
		return
	}
	s.writePacked(w, r, asJSON(c))
}

// program answers with a zone's program as it is in force.
func (s *Server) program(w http.ResponseWriter, r *http.Request) {
	zone := r.PathValue("zone")
	if s.board.zone(zone) == nil {
		refuse(w, http.StatusNotFound, "there is no such zone")
		return
	}
	writeAny(w, http.StatusOK, s.opts.Program(zone))
}

// submitting hands a control or a program on and gives the answer.
func (s *Server) submitting(submit func(ctx context.Context, zone string, said []byte) (Answer, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.change(w, r, func(ctx context.Context, zone string) (Answer, error) {
			body, err := readControl(w, r)
			if err != nil {
				return Answer{}, err
			}
			return submit(ctx, zone, body)
		})
	}
}

// What is wrong with a body before it is judged as a control.
var (
	errTooLarge = errors.New("a control or a program has 64 KiB at most")
	errNoBody   = errors.New("the body did not come")
	errNoSpan   = errors.New(`the body is none of {"until":"next"}, {"until":"2026-12-24T18:00:00Z"}, {"for":"2h"}`)
	errNoObject = errors.New(`the body is no JSON object like {"desired":21,"mode":"heat"}`)
)

func readControl(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := readBody(w, r)
	if err == nil && (len(body) == 0 || body[0] != '{') {
		err = errNoObject
	}
	return body, err
}

// readBody reads a body without the blanks around it.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxControl))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, errTooLarge
	case err != nil:
		return nil, errNoBody
	}
	return bytes.TrimSpace(body), nil
}

// hand does what a topic below set/ does: the body says until when, or for how long.
func (s *Server) hand(what string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.change(w, r, func(ctx context.Context, zone string) (Answer, error) {
			text, err := readSpan(w, r)
			if err != nil {
				return Answer{}, err
			}
			return s.opts.Hand(ctx, zone, what, text)
		})
	}
}

// readSpan reads {"until":"22:30"} or {"for":"2h"}; an empty body says neither.
func readSpan(w http.ResponseWriter, r *http.Request) (string, error) {
	body, err := readBody(w, r)
	if err != nil || len(body) == 0 {
		return "", err
	}
	said, err := members(body)
	until, hasUntil := said["until"].(string)
	d, hasFor := said["for"].(string)
	switch {
	case err != nil, len(said) != 1:
		return "", errNoSpan
	case hasUntil && (until == "next" || until == "permanent" || strings.Contains(until, ":")): // a moment, and no duration
		return until, nil
	case hasFor && d != "" && '0' <= d[0] && d[0] <= '9' && !strings.Contains(d, ":"): // not another word of the topic's
		return d, nil
	}
	return "", errNoSpan
}

// away does what the topic set/away does.
func (s *Server) away(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	text, err := readAway(w, r)
	var answer AwayAnswer
	if err == nil {
		answer, err = s.opts.Away(ctx, text)
	}
	reply(w, answer, answer.Applied, err)
}

// clear lets go of what is latched.
func (s *Server) clear(w http.ResponseWriter, r *http.Request) {
	s.change(w, r, s.opts.Clear)
}

// change does something to the zone that the path names, and answers.
func (s *Server) change(w http.ResponseWriter, r *http.Request, do func(context.Context, string) (Answer, error)) {
	zone := r.PathValue("zone")
	if s.board.zone(zone) == nil {
		refuse(w, http.StatusNotFound, "there is no such zone")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	answer, err := do(ctx, zone)
	reply(w, answer, answer.Applied, err)
}

// reply gives the answer to a change, or says why there is none.
func reply(w http.ResponseWriter, answer any, applied bool, err error) {
	switch {
	case errors.Is(err, errTooLarge):
		refuse(w, http.StatusRequestEntityTooLarge, err.Error())
	case errors.Is(err, errNoObject), errors.Is(err, errNoBody), errors.Is(err, errNoSpan), errors.Is(err, errNoAway):
		refuse(w, http.StatusBadRequest, err.Error())
	case err != nil:
		refuse(w, http.StatusServiceUnavailable, "no answer: "+err.Error())
	case !applied:
		writeAny(w, http.StatusUnprocessableEntity, answer)
	default:
		writeAny(w, http.StatusOK, answer)
	}
}

// healthz is well only while every zone and source ticks, as for the watchdog.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if stuck := s.board.stuck(time.Now()); len(stuck) > 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, "no tick was completed lately: "+strings.Join(stuck, ", ")+"\n")
		return
	}
	io.WriteString(w, "ok\n")
}

// refuse answers in the form of a change that was not done.
func refuse(w http.ResponseWriter, code int, why string) {
	writeAny(w, code, Answer{Reason: why})
}

func writeAny(w http.ResponseWriter, code int, v any) { writeJSON(w, code, asJSON(v)) }

func writeJSON(w http.ResponseWriter, code int, text []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	w.Write(append(text, '\n'))
}

// writePacked answers as writeJSON does, packed where the client takes that: a history
// is a quarter then.
func (s *Server) writePacked(w http.ResponseWriter, r *http.Request, text []byte) {
	w.Header().Set("Vary", "Accept-Encoding")
	if !takesGzip(r) {
		writeJSON(w, http.StatusOK, text)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Encoding", "gzip")
	packer := s.packers.Get().(*gzip.Writer)
	defer s.packers.Put(packer)
	packer.Reset(w)
	packer.Write(append(text, '\n'))
	packer.Close()
}

// newPacker makes what packs quickly. It has 0.8 MB, so it is used again.
func newPacker() any {
	packer, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is one of gzip's own
	}
	return packer
}

// takesGzip reports whether a client takes a packed answer.
func takesGzip(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && r.Header.Get("Range") == ""
}
