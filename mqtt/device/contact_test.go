package device

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/controlloop"
)

// TestAContactSaysWhetherItsWindowIsOpen: in JSON at its field, or as a plain text; what the
// broker had kept counts, and what is about something else does not.
func TestAContactSaysWhetherItsWindowIsOpen(t *testing.T) {
	open, closed, unknown := controlloop.WindowOpen, controlloop.WindowClosed, controlloop.WindowUnknown
	for _, row := range []struct {
		open, payload string
		want          controlloop.Position
	}{
		{"false", `{"contact":false,"battery":99}`, open}, {"false", `{"contact":true}`, closed}, {"false", `{"contact":"FALSE"}`, open},
		{"false", `{"battery":98}`, unknown}, {"false", ``, unknown}, {"false", `{"contact":null}`, unknown}, {"false", `{"contact":{}}`, unknown}, {"false", `{"contact":[false]}`, unknown}, {"false", `null`, unknown}, {"false", `{"contact":fal`, unknown}, {"false", `[`, unknown},
		{"OPEN", `OPEN`, open}, {"OPEN", ` open `, open}, {"OPEN", `CLOSED`, closed}, {"1", `1`, open}, {"1", `0`, closed},
		{"open", `{"state":"open"}`, unknown},
	} {
		g := NewGroup(slog.New(slog.DiscardHandler))
		c := g.Contact(ContactSpec{Topic: "w", Field: "contact", Open: row.open, StaleAfter: time.Hour})
		if !g.Take("w", []byte(row.payload), true) || g.Empty() {
			t.Fatal("not for us")
		}
		if is, trouble := c.Position(time.Now()); is != row.want || trouble != "" {
			t.Errorf("%+v: %v, %q", row, is, trouble)
		}
	}
}

// TestASilentContactIsAFaultAfterItsTimeAndCountsAsClosed: a dead battery keeps no house cold.
func TestASilentContactIsAFaultAfterItsTimeAndCountsAsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spec := DefaultContact()
		spec.Topic, spec.Open = "w", "false"
		c := NewGroup(slog.New(slog.DiscardHandler)).Contact(spec)
		expect := func(want controlloop.Position, text string) {
			t.Helper()
			if is, trouble := c.Position(time.Now()); is != want || (trouble != "") != (text != "") || !strings.Contains(trouble, text) {
				t.Errorf("%v, %q", is, trouble)
			}
		}
		expect(controlloop.WindowUnknown, "")
		time.Sleep(24*time.Hour + 1)
		expect(controlloop.WindowUnknown, "never said anything")
		c.take(time.Now(), []byte(`{"contact":false}`))
		time.Sleep(24 * time.Hour)
		expect(controlloop.WindowOpen, "")
		time.Sleep(time.Nanosecond)
		expect(controlloop.WindowUnknown, "is its battery empty?")
	})
}

// TestAMessageWithoutAWordForThePositionChangesNothing: Zigbee2MQTT with Home Assistant fills in null for
// what a contact has not said since its own start, so that a battery's word would shut an open window.
func TestAMessageWithoutAWordForThePositionChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spec := DefaultContact()
		spec.Topic, spec.Open = "w", "false"
		c := NewGroup(slog.New(slog.DiscardHandler)).Contact(spec)
		c.take(time.Now(), []byte(`{"contact":false,"battery":100}`))
		time.Sleep(23 * time.Hour)
		c.take(time.Now(), []byte(`{"contact":null,"battery":99}`))
		if is, trouble := c.Position(time.Now()); is != controlloop.WindowOpen || trouble != "" {
			t.Errorf("after null: %v, %q", is, trouble)
		}
		time.Sleep(2 * time.Hour)
		if is, trouble := c.Position(time.Now()); is != controlloop.WindowUnknown || trouble == "" {
			t.Errorf("null counts as a word: %v, %q", is, trouble)
		}
	})
}

// FuzzContact: no message of a stranger ends anything.
func FuzzContact(f *testing.F) {
	f.Add([]byte(`{"contact":false}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		c := NewGroup(slog.New(slog.DiscardHandler)).Contact(ContactSpec{Topic: "w", Field: "contact", Open: "false", StaleAfter: time.Hour})
		c.take(time.Now(), payload)
		c.Position(time.Now())
	})
}
