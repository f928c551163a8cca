package chips

import (
	"encoding/binary"
	"slices"
	"testing"

	"thermostat/lab/vhost"
)

// ask sends one request as the kernel's driver does.
func ask(t *testing.T, b *Bank, kind, line int, value uint32) (status, answer byte) {
	t.Helper()
	q := vhost.Request{In: make([]byte, 2)}
	q.Out = binary.LittleEndian.AppendUint16(q.Out, uint16(kind))
	q.Out = binary.LittleEndian.AppendUint16(q.Out, uint16(line))
	q.Out = binary.LittleEndian.AppendUint32(q.Out, value)
	if err := b.handle(t.Context(), 0, []vhost.Request{q}); err != nil {
		t.Fatal(err)
	}
	return q.In[0], q.In[1]
}

// tell sends a request that must succeed.
func tell(t *testing.T, b *Bank, kind, line int, value uint32) byte {
	t.Helper()
	status, answer := ask(t, b, kind, line, value)
	if status != 0 {
		t.Fatalf("request %d to line %d with %d: status %d", kind, line, value, status)
	}
	return answer
}

// kinds are the kinds of a line's events.
func kinds(events []Event, line int) []Kind {
	var k []Kind
	for _, e := range events {
		if e.Line == line {
			k = append(k, e.Kind)
		}
	}
	return k
}

func TestLines0To8ArePulledUpAtReset(t *testing.T) {
	b := NewBank(54)
	for line := range 54 {
		if got, want := b.Wire(line), line <= 8; got != want {
			t.Errorf("GPIO%d: %v, want %v", line, got, want)
		}
	}
}

func TestABankTellsItsLinesAndTheirNames(t *testing.T) {
	b := NewBank(11)
	if got, want := b.config(), []byte{11, 0, 0, 0, 67, 0, 0, 0}; !slices.Equal(got, want) {
		t.Errorf("configuration %v, want %v", got, want)
	}
	q := vhost.Request{Out: []byte{1, 0, 0, 0, 0, 0, 0, 0}, In: make([]byte, 68)}
	if err := b.handle(t.Context(), 0, []vhost.Request{q}); err != nil {
		t.Fatal(err)
	}
	want := "\x00GPIO0\x00GPIO1\x00GPIO2\x00GPIO3\x00GPIO4\x00GPIO5\x00GPIO6\x00GPIO7\x00GPIO8\x00GPIO9\x00GPIO10\x00"
	if string(q.In) != want {
		t.Errorf("names %q", q.In)
	}
}

// The kernel sets the level, then the direction: one change on the wire.
func TestAnOutputMakesOneChangeOnTheWire(t *testing.T) {
	b := NewBank(54)
	tell(t, b, 5, 17, 1)
	if b.Wire(17) {
		t.Error("an input drives")
	}
	tell(t, b, 3, 17, 1)
	if !b.Wire(17) {
		t.Error("an output does not drive")
	}
	if got := tell(t, b, 2, 17, 0); got != 1 {
		t.Errorf("direction %d", got)
	}
	if got := tell(t, b, 4, 17, 0); got != 1 {
		t.Errorf("value %d", got)
	}
	tell(t, b, 5, 17, 1) // again: no change
	tell(t, b, 5, 17, 0)
	tell(t, b, 5, 17, 1)
	tell(t, b, 3, 17, 0)
	if b.Wire(17) {
		t.Error("a released line drives")
	}
	if got := tell(t, b, 2, 17, 0); got != 2 {
		t.Errorf("direction of a released line %d", got)
	}
	want := []Kind{SetValue, SetOutput, ReadDirection, ReadValue, SetValue, SetValue, SetValue, Release, ReadDirection}
	if got := kinds(b.Log(), 17); !slices.Equal(got, want) {
		t.Errorf("log %v, want %v", got, want)
	}
	changes := b.Changes(17)
	if got, want := kinds(changes, 17), []Kind{SetOutput, SetValue, SetValue, Release}; !slices.Equal(got, want) {
		t.Errorf("changes %v, want %v", got, want)
	}
	for i, e := range changes {
		if e.Before != (i%2 == 1) || e.After == e.Before || e.Time.IsZero() {
			t.Errorf("change %d: %+v", i, e)
		}
	}
	if got := b.Changes(18); got != nil {
		t.Errorf("another line changed: %v", got)
	}
}

// An active-low relay: high is off, and released the pull decides.
func TestInputFollowsPull(t *testing.T) {
	b := NewBank(54)
	tell(t, b, 3, 4, 1)
	if b.Wire(4) {
		t.Error("output low is high")
	}
	tell(t, b, 3, 4, 2)
	if !b.Wire(4) || tell(t, b, 4, 4, 0) != 1 {
		t.Error("input with pull-up is low")
	}
	if got := kinds(b.Log(), 4); !slices.Equal(got, []Kind{SetOutput, SetInput, ReadValue}) {
		t.Errorf("log %v", got)
	}
}

func TestAPowerCutLeavesNothingOn(t *testing.T) {
	b := NewBank(54)
	tell(t, b, 5, 17, 1)
	tell(t, b, 3, 17, 1)
	b.PowerCut()
	if b.Wire(17) {
		t.Error("it drives without power")
	}
	if got := kinds(b.Changes(17), 17); !slices.Equal(got, []Kind{SetOutput, PowerCut}) {
		t.Errorf("changes %v", got)
	}
	tell(t, b, 3, 17, 1)
	if b.Wire(17) {
		t.Error("the level survived")
	}
}

func TestAWrongRequestIsRefusedAndNotLogged(t *testing.T) {
	b := NewBank(2)
	for _, r := range [][3]int{{5, 2, 1}, {4, 65535, 0}, {3, 0, 3}, {5, 0, 2}, {6, 0, 1}, {0, 0, 0}} {
		if status, _ := ask(t, b, r[0], r[1], uint32(r[2])); status != 1 {
			t.Errorf("request %v: status %d", r, status)
		}
	}
	if got := b.Log(); got != nil {
		t.Errorf("refused requests were logged: %v", got)
	}
	for _, q := range []vhost.Request{{}, {Out: make([]byte, 7), In: make([]byte, 2)}, {Out: make([]byte, 8), In: make([]byte, 1)}} {
		if err := b.handle(t.Context(), 0, []vhost.Request{q}); err == nil {
			t.Errorf("%d bytes with room for %d: accepted", len(q.Out), len(q.In))
		}
	}
	if err := b.handle(t.Context(), 1, make([]vhost.Request, 1)); err == nil {
		t.Error("a request in the event queue was accepted")
	}
}
