package status

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// Answer says what became of a change. It is that of the broker's ack topic.
type Answer struct {
	Applied bool     `json:"applied"` // the zone obeys it
	ID      *string  `json:"id"`      // that the control had; null: none
	Desired *float64 `json:"desired"` // °C, in force after it
	Mode    string   `json:"mode"`    // in force after it
	Reason  string   `json:"reason"`  // why it was refused, or what went wrong beside

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
	frames, _, _ := s.board.since(0)
	texts := make([][]byte, len(frames))
	for i, f := range frames {
		texts[i] = f.text()
	}
	writeJSON(w, http.StatusOK, append(append([]byte("["), bytes.Join(texts, []byte(","))...), ']'))
}

// history answers with the last 24 hours of a zone.
func (s *Server) history(w http.ResponseWriter, r *http.Request) {
	c, ok := s.board.course(r.PathValue("zone"))
	if !ok {
		refuse(w, http.StatusNotFound, "there is no such zone")
		return
	}
	writeAny(w, http.StatusOK, c)
}

// control hands a control on and gives the answer.
func (s *Server) control(w http.ResponseWriter, r *http.Request) {
	s.change(w, r, func(ctx context.Context, zone string) (Answer, error) {
		body, err := readControl(w, r)
		if err != nil {
			return Answer{}, err
		}
		return s.opts.Submit(ctx, zone, body)
	})
}

// What is wrong with a body before it is judged as a control.
var (
	errTooLarge = errors.New("a control has 64 KiB at most")
	errNoBody   = errors.New("the body did not come")
	errNoObject = errors.New(`the body is no JSON object like {"desired":21,"mode":"heat"}`)
)

func readControl(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxControl))
	var tooLarge *http.MaxBytesError
	switch body = bytes.TrimSpace(body); {
	case errors.As(err, &tooLarge):
		return nil, errTooLarge
	case err != nil:
		return nil, errNoBody
	case len(body) == 0 || body[0] != '{':
		return nil, errNoObject
	}
	return body, nil
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
	switch {
	case errors.Is(err, errTooLarge):
		refuse(w, http.StatusRequestEntityTooLarge, err.Error())
	case errors.Is(err, errNoObject), errors.Is(err, errNoBody):
		refuse(w, http.StatusBadRequest, err.Error())
	case err != nil:
		refuse(w, http.StatusServiceUnavailable, "no answer: "+err.Error())
	case !answer.Applied:
		writeAny(w, http.StatusUnprocessableEntity, answer)
	default:
		writeAny(w, http.StatusOK, answer)
	}
}

// healthz is well only while every zone ticks, as for the watchdog.
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
