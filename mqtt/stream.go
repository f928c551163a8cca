package mqtt

import (
	"errors"
	"time"

	"thermostat/mqtt/setpoint"
)

// stream is one of a zone's two retained topics, its control or its program: what is
// kept of it, and what waits to be answered or published.
type stream struct {
	zone    *zone
	topic   string
	arbiter *setpoint.Arbiter
	save    func(zone string, m setpoint.Memory) error // nil: nothing is kept

	saving  bool
	unsaved bool
	answers []pendingAnswer // to be given once the memory is saved
	due     bool            // an own message is to be published as soon as it is kept and there is room
	payload []byte          // that message
}

// byKind parts programs from controls.
func byKind(all []*stream) (programs, controls []*stream) {
	for _, s := range all {
		if s == &s.zone.programs {
			programs = append(programs, s)
		} else {
			controls = append(controls, s)
		}
	}
	return programs, controls
}

func topicsOf(all []*stream) []string {
	topics := make([]string, len(all))
	for i, s := range all {
		topics[i] = s.topic
	}
	return topics
}

type pendingAnswer struct {
	answer setpoint.Answer
	reply  func(setpoint.Answer)
}

// finish saves and then answers.
func (s *stream) finish(d setpoint.Actions, reply func(setpoint.Answer)) {
	if d.Answer != nil {
		if o := s.zone.opts; o.Answered != nil {
			o.Answered(s.zone.name(), d.Answer.Applied)
		}
		s.answers = newest(append(s.answers, pendingAnswer{*d.Answer, reply}))
	}
	s.unsaved = s.unsaved || d.Save
	s.settle()
}

// settle writes the memory if it changed; when that is done, what waited is answered
// and published.
func (s *stream) settle() {
	if s.saving {
		return
	}
	answers := s.answers
	s.answers = nil
	if !s.unsaved || s.save == nil {
		s.unsaved = false
		s.zone.answer(answers, nil)
		return
	}
	s.saving, s.unsaved = true, false
	memory := s.arbiter.Memory()
	go func() {
		err := errors.New("saving failed")
		s.zone.opts.Contain("the memory", func() { err = s.save(s.zone.name(), memory) })
		s.zone.post(func() {
			s.saving = false
			s.zone.answer(answers, err)
			if s.unsaved || len(s.answers) > 0 {
				s.settle()
			}
			s.publish(time.Now())
		})
	}()
}

// publish publishes the newest own message as soon as there is room. It is kept before:
// after a crash a number of ours must not be given to another message.
func (s *stream) publish(now time.Time) {
	if s.due && !s.saving && !s.unsaved && !s.zone.awaits(s) && s.zone.out.room(now) {
		s.due = false
		s.zone.out.publish(outgoing{s.topic, s.payload, 1, true})
		s.arbiter.Sent(now)
	}
}

// newest gives up the oldest of too many answers.
func newest[T any](answers []T) []T {
	return answers[max(0, len(answers)-maxAnswers):]
}
