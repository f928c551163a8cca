package device

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
)

// position is where a relay is, as its device says.
type position uint8

// The positions.
const (
	posUnknown position = iota // it has reported nothing
	posOff
	posOn
	posUnclear // what it reported is neither on nor off
)

func (p position) is(on bool) bool { return p == posOn && on || p == posOff && !on }

// positionNames are what devices call the position of a relay.
var positionNames = map[string]bool{"on": true, "true": true, "1": true, "off": false, "false": false, "0": false}

// errNoField tells that a JSON message has not the field of the position: it is
// about something else.
var errNoField = fmt.Errorf("%w: it has no such field", wire.ErrOther)

// unclear is the error of a text that should be a position and is none.
type unclear struct{ text string }

// Error says what is wrong with a position.
func (u *unclear) Error() string { return wire.Quoted(u.text) + ", which is neither on nor off" }

// decodePosition reads what a device says of its relay. A message about something
// else is ErrOther; one that should tell the position and does not is an [unclear].
func decodePosition(s RelaySpec, payload []byte) (on bool, err error) {
	if !s.plain() && !isText(payload) {
		on, err := wire.DecodeCommand(s.SensorID, payload)
		if err != nil && !errors.Is(err, wire.ErrOther) {
			err = &unclear{string(payload)}
		}
		return on, err
	}
	raw := strings.TrimSpace(string(payload))
	if on, known := s.positionOf(raw); known {
		return on, nil
	}
	text, err := s.positionText(raw)
	if err != nil {
		return false, err
	}
	if on, known := s.positionOf(text); known {
		return on, nil
	}
	return false, &unclear{text}
}

// isText reports whether a message is meant for people: a HeaterControl that names
// its sensor begins with a control character.
func isText(payload []byte) bool {
	return len(payload) > 0 && utf8.Valid(payload) && strings.IndexFunc(string(payload), func(r rune) bool {
		return unicode.IsControl(r) && !unicode.IsSpace(r)
	}) < 0
}

// positionOf reads one text: the commands' own first, then the usual ones.
func (s RelaySpec) positionOf(text string) (on, known bool) {
	onWord, offWord := s.wordOf(s.On), s.wordOf(s.Off)
	switch {
	case !s.plain() || text == "":
	case text == strings.TrimSpace(s.On), text == onWord && onWord != offWord:
		return true, true
	case text == strings.TrimSpace(s.Off), text == offWord && onWord != offWord:
		return false, true
	}
	on, known = positionNames[strings.ToLower(text)]
	return on, known
}

// wordOf is what a command in JSON says where the device will tell its position:
// heat of {"system_mode":"heat"}; "" if it says nothing there.
func (s RelaySpec) wordOf(command string) string {
	document, err := parseDocument([]byte(command))
	if err != nil {
		return ""
	}
	value, _ := lookUp(document, s.stateField())
	text, _ := textOf(value)
	return text
}

// positionText takes the position out of JSON; other text is the position itself.
func (s RelaySpec) positionText(raw string) (string, error) {
	var message any
	if len(raw) > setpoint.MaxControl || json.Unmarshal([]byte(raw), &message) != nil {
		return raw, nil
	}
	value := message
	if _, isObject := message.(map[string]any); isObject {
		var there bool
		if value, there = lookUp(message, s.stateField()); !there {
			return "", errNoField
		}
	}
	if text, isText := value.(string); isText {
		return strings.TrimSpace(text), nil
	}
	return string(wire.JSON(value)), nil // 1.0 is 1, null stays null
}

// positionReport is what a device has reported of its position.
type positionReport struct {
	position position
	text     string    // of one that is unclear, as it is shown
	at       time.Time // when it came; of one that is unclear: since when it is so
	live     bool      // came on this connection, and was not retained
}

// reportFrom reads a message on the state topic.
func reportFrom(s RelaySpec, now time.Time, payload []byte, retained bool) (w positionReport, err error) {
	on, err := decodePosition(s, payload)
	w = positionReport{position: posOff, at: now, live: !retained}
	var bad *unclear
	switch {
	case errors.As(err, &bad):
		w.position, w.text = posUnclear, bad.Error()
	case err != nil:
		return positionReport{}, err
	case on:
		w.position = posOn
	}
	return w, nil
}
