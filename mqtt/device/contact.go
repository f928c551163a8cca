package device

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"thermostat/controlloop"
)

// ContactSpec is what a configuration says about a window's contact on the broker.
type ContactSpec struct {
	Topic      string        // of its messages
	Field      string        // of JSON: where the position is
	Open       string        // the text there while the window is open
	StaleAfter time.Duration // a word that is older counts no more
}

// DefaultContact is a contact of which nothing is said.
func DefaultContact() ContactSpec {
	return ContactSpec{Field: "contact", StaleAfter: 24 * time.Hour}
}

// String says which contact it is, for people.
func (s ContactSpec) String() string {
	return fmt.Sprintf("%s, open while %s is %s", s.Topic, s.Field, s.Open)
}

// Contact is a window's contact whose word comes over the broker. What the broker had
// retained is a position, too: such a contact speaks when it moves, and seldom otherwise.
type Contact struct {
	spec ContactSpec

	mu   sync.Mutex
	is   controlloop.Position
	at   time.Time // when the last word came, or since when one is waited for
	word bool      // one has come
}

// Contact opens a contact. It need not be there yet.
func (d *Group) Contact(spec ContactSpec) *Contact {
	c := &Contact{spec: spec, at: time.Now()}
	d.contactsByTopic[spec.Topic] = append(d.contactsByTopic[spec.Topic], c)
	return c
}

// take reads a message. One without the field is about something else, and so is one that has
// no word there: null is what nobody knows. Of JSON that cannot be read nothing counts.
func (c *Contact) take(now time.Time, payload []byte) {
	text := strings.TrimSpace(string(payload))
	if document, err := parseDocument(payload); err == nil {
		value := document
		if _, isObject := document.(map[string]any); isObject {
			there := false
			if value, there = lookUp(document, c.spec.Field); !there {
				return
			}
		}
		text, _ = textOf(value)
	} else if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		return // cut off
	}
	if text == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.is, c.at, c.word = controlloop.WindowClosed, now, true
	if strings.EqualFold(strings.TrimSpace(text), strings.TrimSpace(c.spec.Open)) {
		c.is = controlloop.WindowOpen
	}
}

// Position is what the contact said last, as long as that is not too old: a dead battery
// must not keep a house cold.
func (c *Contact) Position(now time.Time) (controlloop.Position, string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case now.Sub(c.at) <= c.spec.StaleAfter:
		return c.is, ""
	case c.word:
		return controlloop.WindowUnknown, fmt.Sprintf("the window's contact on %s has said nothing for more than %v, so its window counts as closed: is its battery empty?", c.spec.Topic, c.spec.StaleAfter)
	}
	return controlloop.WindowUnknown, fmt.Sprintf("the window's contact on %s has never said anything, so its window counts as closed: is the topic right, and the field %s?", c.spec.Topic, c.spec.Field)
}

var _ controlloop.Contact = (*Contact)(nil)
