package vhost

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"strings"
	"testing"
	"time"
)

// upper is a device whose answer is the request in capitals.
func upper() *Device {
	return &Device{Features: 1, Queues: 1, Config: []byte("configuration"), Handle: func(_ context.Context, _ int, batch []Request) error {
		for _, q := range batch {
			copy(q.In, bytes.ToUpper(q.Out))
		}
		return nil
	}}
}

// request lays out chain 0: text to read at the buffers, room behind it.
func (f *frontend) request(text string, room uint32) {
	copy(f.memory[buffersAt:], text)
	f.describe(descAt, 0, guestBase+buffersAt, uint32(len(text)), descNext, 1)
	f.describe(descAt, 1, guestBase+buffersAt+0x100, room, descWrite, 0)
}

func (f *frontend) answer(size int) string {
	return string(f.memory[buffersAt+0x100:][:size])
}

func TestRequestIsAnswered(t *testing.T) {
	f := connect(t, upper())
	f.start()
	// More rounds than the ring has entries, so that the indexes wrap in it.
	for round, text := range strings.Fields("alpha beta gamma delta epsilon zeta") {
		f.request(text, uint32(len(text))+2)
		f.offer(0)
		f.notify()
		got := f.waitUsed()
		if len(got) != 1 || got[0] != (used{0, uint32(len(text)) + 2}) {
			t.Fatalf("round %d: used %v", round, got)
		}
		if got, want := f.answer(len(text)+2), strings.ToUpper(text)+"\x00\x00"; got != want {
			t.Errorf("round %d: answer %q, want %q", round, got, want)
		}
	}
	if err := f.leave(); err != nil {
		t.Error(err)
	}
}

func TestIndirectAndScatteredBuffersAreAnswered(t *testing.T) {
	f := connect(t, upper())
	f.start()
	copy(f.memory[buffersAt:], "ab")
	copy(f.memory[buffersAt+0x10:], "cde")
	f.describe(indirect, 0, guestBase+buffersAt, 2, descNext, 2)
	f.describe(indirect, 2, guestBase+buffersAt+0x10, 3, descNext, 1)
	f.describe(indirect, 1, guestBase+buffersAt+0x100, 1, descNext|descWrite, 3)
	f.describe(indirect, 3, guestBase+buffersAt+0x101, 4, descWrite, 0)
	f.describe(descAt, 3, guestBase+indirect, 4*descSize, descIndirect, 0)
	f.offer(3)
	f.notify()
	if got := f.waitUsed(); len(got) != 1 || got[0] != (used{3, 5}) {
		t.Fatalf("used %v", got)
	}
	if got := f.answer(5); got != "ABCDE" {
		t.Errorf("answer %q", got)
	}
}

func TestBatchComesWhole(t *testing.T) {
	sizes := make(chan int, 4)
	d := upper()
	inner := d.Handle
	d.Handle = func(ctx context.Context, queue int, batch []Request) error {
		sizes <- len(batch)
		return inner(ctx, queue, batch)
	}
	f := connect(t, d)
	f.start()
	f.request("x", 1)
	f.describe(descAt, 2, guestBase+buffersAt, 1, descNext, 3)
	f.describe(descAt, 3, guestBase+buffersAt+0x200, 1, descWrite, 0)
	f.offer(0, 2)
	f.notify()
	if got := f.waitUsed(); len(got) != 2 || got[0].head != 0 || got[1].head != 2 {
		t.Fatalf("used %v", got)
	}
	if got := <-sizes; got != 2 {
		t.Errorf("a batch of %d, want 2", got)
	}
}

func TestADeviceTellsItsFeaturesAndConfiguration(t *testing.T) {
	f := connect(t, upper())
	if got, want := f.get64(reqGetFeatures), uint64(1|1<<28|1<<30|1<<32); got != want {
		t.Errorf("features %#x, want %#x", got, want)
	}
	if got, want := f.get64(reqGetProtocolFeatures), uint64(1<<0|1<<3|1<<9); got != want {
		t.Errorf("protocol features %#x, want %#x", got, want)
	}
	if got := f.get64(reqGetQueueNum); got != 1 {
		t.Errorf("%d queues", got)
	}
	config := append(append(pair(6, 4), 0, 0, 0, 0), "????"...)
	f.send(reqGetConfig, 0, config)
	if got := f.receive(reqGetConfig); string(got[12:]) != "urat" {
		t.Errorf("configuration from 6: %q", got)
	}
	f.send(reqGetConfig, 0, append(append(pair(10, 4), 0, 0, 0, 0), "????"...))
	if got := f.receive(reqGetConfig); len(got) != 0 {
		t.Errorf("configuration outside: %q", got)
	}
}

func TestNoConfigurationIsNotOffered(t *testing.T) {
	d := upper()
	d.Config = nil
	f := connect(t, d)
	if got := f.get64(reqGetProtocolFeatures); got&protocolConfig != 0 {
		t.Errorf("protocol features %#x", got)
	}
}

// A ring of a front end with protocol features waits until it is enabled and
// then looks at what came before.
func TestRingWaitsUntilEnabled(t *testing.T) {
	f := connect(t, upper())
	f.negotiate()
	f.setUpRing(0)
	f.request("early", 5)
	f.offer(0)
	f.notify()
	// An acknowledged request behind the kick, and time for the worker.
	f.acked(reqSetVringEnable, pair(0, 0))
	if waitReadable(t, f.call, 50*time.Millisecond) {
		t.Fatal("a disabled ring answered")
	}
	f.acked(reqSetVringEnable, pair(0, 1))
	if got := f.waitUsed(); len(got) != 1 || f.answer(5) != "EARLY" {
		t.Errorf("used %v, answer %q", got, f.answer(5))
	}
}

// A front end without protocol features cannot enable a ring.
func TestRingWithoutProtocolFeaturesIsEnabled(t *testing.T) {
	f := connect(t, upper())
	f.send(reqSetFeatures, 0, u64(1|featureVersion1))
	f.setUpRing(0)
	f.request("old", 3)
	f.offer(0)
	f.notify()
	if got := f.waitUsed(); len(got) != 1 || f.answer(3) != "OLD" {
		t.Errorf("used %v, answer %q", got, f.answer(3))
	}
}

func TestAnUnwantedInterruptIsNotSent(t *testing.T) {
	f := connect(t, upper())
	f.start()
	binary.LittleEndian.PutUint16(f.memory[availAt:], availNoInterrupt)
	f.request("quiet", 5)
	f.offer(0)
	f.notify()
	deadline := time.Now().Add(10 * time.Second)
	for len(f.newlyUsed()) == 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	f.send(reqGetVringBase, 0, pair(0, 0))
	if got := f.receive(reqGetVringBase); !bytes.Equal(got, pair(0, 1)) {
		t.Errorf("ring stopped at %x", got)
	}
	if waitReadable(t, f.call, 0) {
		t.Error("an interrupt that the driver did not want")
	}
}

// hung is a device that does not answer before its context ends; begun says
// that it has a request.
func hung() (d *Device, begun chan struct{}) {
	begun = make(chan struct{}, 4)
	d = upper()
	d.Handle = func(ctx context.Context, _ int, _ []Request) error {
		begun <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}
	return d, begun
}

// A hung device lets its ring be stopped; the request stays available and the
// ring can be started anew.
func TestARingStopsWhileItsDeviceHangs(t *testing.T) {
	d, begun := hung()
	f := connect(t, d)
	f.start()
	f.request("again", 5)
	f.offer(0)
	f.notify()
	<-begun
	f.send(reqGetVringBase, 0, pair(0, 0))
	if got := f.receive(reqGetVringBase); !bytes.Equal(got, pair(0, 0)) {
		t.Errorf("ring stopped at %x, but nothing was completed", got)
	}
	f.setUpRing(0)
	f.notify()
	<-begun
	if err := f.leave(); err != nil {
		t.Errorf("left while hung: %v", err)
	}
}

func TestMemoryIsReplacedWhileServing(t *testing.T) {
	f := connect(t, upper())
	f.start()
	for range 50 {
		f.request("move", 4)
		f.offer(0)
		f.notify()
		f.acked(reqSetMemTable, memTable(guestBase, memSize, userBase, 0), f.file)
		if got := f.waitUsed(); len(got) != 1 || f.answer(4) != "MOVE" {
			t.Fatalf("used %v, answer %q", got, f.answer(4))
		}
	}
	// The driver's own, and the device's.
	if got := mappings(t); got != 2 {
		t.Errorf("the memory is mapped %d times", got)
	}
}

// mappings is how often the guest's memory is mapped into this process.
func mappings(t *testing.T) int {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(maps, []byte("/memfd:guest"))
}

// Front ends come one after the other, and nothing of them stays open.
func TestNothingIsLeftOpen(t *testing.T) {
	f := connect(t, upper())
	f.get64(reqGetFeatures) // it is accepted
	before := openFiles(t)
	for range 3 {
		g := connectAgain(t, f)
		g.start()
		g.request("bye", 3)
		g.offer(0)
		g.notify()
		g.waitUsed()
		g.conn.Close()
	}
	deadline := time.Now().Add(10 * time.Second)
	// Each of the three has its memfd and two eventfds open until the test ends.
	for openFiles(t) != before+3*3 {
		if time.Now().After(deadline) {
			t.Fatalf("%d descriptors, want %d", openFiles(t), before+3*3)
		}
		time.Sleep(time.Millisecond)
	}
	if err := f.leave(); err != nil {
		t.Error(err)
	}
}

func TestBrokenProtocolEndsTheDevice(t *testing.T) {
	tests := []struct {
		name string
		send func(f *frontend)
		want string
	}{
		{"unknown request", func(f *frontend) { f.send(200, 0, nil) }, "request 200"},
		{"version", func(f *frontend) { f.send(reqSetOwner, 2, nil) }, "version"},
		{"long payload", func(f *frontend) { f.send(reqSetOwner, 0, make([]byte, maxPayload+1)) }, "bytes"},
		{"event index", func(f *frontend) { f.send(reqSetFeatures, 0, u64(1<<29)) }, "event_idx=off"},
		{"protocol feature", func(f *frontend) { f.send(reqSetProtocolFeatures, 0, u64(1<<2)) }, "protocol features"},
		{"short number", func(f *frontend) { f.send(reqSetFeatures, 0, []byte{1}) }, "payload"},
		{"ring", func(f *frontend) { f.send(reqSetVringNum, 0, pair(1, 4)) }, "ring 1 of 1"},
		{"ring size 0", func(f *frontend) { f.send(reqSetVringNum, 0, pair(0, 0)) }, "0 entries"},
		{"ring size 3", func(f *frontend) { f.send(reqSetVringNum, 0, pair(0, 3)) }, "3 entries"},
		{"kick without file", func(f *frontend) { f.send(reqSetVringKick, 0, u64(0)) }, "kick"},
		{"ring address", func(f *frontend) {
			f.send(reqSetVringAddr, 0, append(pair(0, 0), numbers(userBase, userBase, userBase, 0)...))
		}, "no memory region"},
		{"misaligned ring", func(f *frontend) {
			f.send(reqSetVringAddr, 0, append(pair(0, 0), numbers(userBase+1, userBase, userBase, 0)...))
		}, "multiple of 16"},
		{"region without file", func(f *frontend) { f.send(reqSetMemTable, 0, memTable(guestBase, memSize, userBase, 0)) }, "descriptors"},
		{"region beyond file", func(f *frontend) {
			f.send(reqSetMemTable, 0, memTable(guestBase, 2*memSize, userBase, 0), f.file)
		}, "its file has"},
		{"region offset wraps", func(f *frontend) {
			f.send(reqSetMemTable, 0, memTable(guestBase, 0x1000, userBase, ^uint64(0xfff)), f.file)
		}, "out of range"},
		{"region wraps", func(f *frontend) {
			f.send(reqSetMemTable, 0, memTable(^uint64(0xfff), 0x2000, userBase, 0), f.file)
		}, "out of range"},
		{"part of a page", func(f *frontend) {
			f.send(reqSetMemTable, 0, memTable(guestBase+1, 0x1000, userBase, 0), f.file)
		}, "whole pages"},
		{"nine regions", func(f *frontend) { f.send(reqSetMemTable, 0, make([]byte, 8+9*regionSize), f.file) }, "descriptors"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := connect(t, upper())
			test.send(f)
			if err := f.waitServed(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestBrokenRingEndsTheDevice(t *testing.T) {
	tests := []struct {
		name string
		lay  func(f *frontend)
		want string
	}{
		{"too many requests", func(f *frontend) { f.offer(0, 0, 0, 0, 0) }, "5 requests"},
		{"head outside", func(f *frontend) { f.offer(ringSize) }, "descriptor 4"},
		{"buffer outside", func(f *frontend) {
			f.describe(descAt, 0, guestBase+memSize-1, 2, 0, 0)
			f.offer(0)
		}, "outside"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := connect(t, upper())
			f.start()
			test.lay(f)
			f.notify()
			if err := f.waitServed(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestDeviceErrorEndsTheDevice(t *testing.T) {
	d := upper()
	d.Handle = func(context.Context, int, []Request) error { return context.DeadlineExceeded }
	f := connect(t, d)
	f.start()
	f.request("x", 1)
	f.offer(0)
	f.notify()
	if err := f.waitServed(); err != context.DeadlineExceeded {
		t.Errorf("got %v", err)
	}
}
