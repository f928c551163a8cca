package chips

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/lab/vhost"
)

// memo is a device that keeps the transfers it was asked for.
type memo struct {
	transfers [][]Msg
	err       error
}

func (m *memo) Transfer(msgs []Msg) error {
	m.transfers = append(m.transfers, msgs)
	for _, msg := range msgs {
		if msg.Read {
			for i := range msg.Data {
				msg.Data[i] = byte(0xa0 + i)
			}
		}
	}
	return m.err
}

func TestABusLogsEveryTransfer(t *testing.T) {
	b := NewBus()
	b.Attach(0x76, &memo{})
	ctx := context.Background()
	if err := b.Transfer(ctx, 0x76, []Msg{{Data: []byte{1, 2}}, {Read: true, Data: make([]byte, 2)}}); err != nil {
		t.Fatal(err)
	}
	if err := b.Transfer(ctx, 0x77, []Msg{{Data: []byte{3}}}); !errors.Is(err, ErrNACK) {
		t.Errorf("no device: %v", err)
	}
	b.Attach(0x76, nil)
	if err := b.Transfer(ctx, 0x76, []Msg{{Data: []byte{4}}}); !errors.Is(err, ErrNACK) {
		t.Errorf("device taken away: %v", err)
	}
	want := []Transfer{
		{Addr: 0x76, Data: []byte{1, 2}},
		{Addr: 0x76, Read: true, Data: []byte{0xa0, 0xa1}},
		{Addr: 0x77, Data: []byte{3}, NACK: true},
		{Addr: 0x76, Data: []byte{4}, NACK: true},
	}
	log := b.Log()
	if len(log) != len(want) {
		t.Fatalf("log %v", log)
	}
	for i, got := range log {
		if got.Addr != want[i].Addr || got.Read != want[i].Read || got.NACK != want[i].NACK || !bytes.Equal(got.Data, want[i].Data) {
			t.Errorf("%d: %+v, want %+v", i, got, want[i])
		}
		if got.Time.IsZero() {
			t.Errorf("%d: no time", i)
		}
	}
}

func TestAStalledBusTransfersOnceReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, d := NewBus(), &memo{}
		b.Attach(0x76, d)
		b.Stall(false) // nothing to release
		b.Stall(true)
		done := make(chan error, 1)
		go func() { done <- b.Transfer(t.Context(), 0x76, []Msg{{Data: []byte{1}}}) }()
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(d.transfers) != 0 || len(b.Log()) != 0 {
			t.Fatal("a stalled bus transferred")
		}
		b.Stall(true) // it does already
		b.Stall(false)
		if err := <-done; err != nil || len(d.transfers) != 1 {
			t.Errorf("released: %v, %d transfers", err, len(d.transfers))
		}
	})
}

func TestStalledBusLetsGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBus()
		b.Stall(true)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := b.handle(ctx, 0, []vhost.Request{i2cWrite(0x76, 0, 1)}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

// i2cWrite and i2cReadOf are requests as the kernel's driver makes them.
func i2cWrite(addr uint16, flags uint32, data ...byte) vhost.Request {
	out := binary.LittleEndian.AppendUint16(nil, addr<<1)
	out = append(out, 0, 0)
	out = binary.LittleEndian.AppendUint32(out, flags)
	return vhost.Request{Out: append(out, data...), In: []byte{0xee}}
}

func i2cReadOf(addr uint16, flags uint32, size int) vhost.Request {
	q := i2cWrite(addr, flags|i2cRead)
	q.In = make([]byte, size+1)
	return q
}

func TestVirtioRequestsBecomeTransfers(t *testing.T) {
	b, d := NewBus(), &memo{}
	b.Attach(0x76, d)
	batch := []vhost.Request{
		i2cWrite(0x76, i2cFailNext, 0xd0), i2cReadOf(0x76, 0, 2), // a write and a read in one transfer
		i2cWrite(0x76, 0),        // nothing: is it there?
		i2cReadOf(0x76, 0, 0),    // the same by a read
		i2cWrite(0x77, 0, 1),     // nobody there
		i2cWrite(0x76, 0, 2),     // not of the failed transfer
		i2cReadOf(0x76, 1<<0, 1), // the last one, although "more" is set
	}
	if err := b.handle(t.Context(), 0, batch); err != nil {
		t.Fatal(err)
	}
	wantIn := [][]byte{{0}, {0xa0, 0xa1, 0}, {0}, {0}, {1}, {0}, {0xa0, 0}}
	for i, q := range batch {
		if !bytes.Equal(q.In, wantIn[i]) {
			t.Errorf("request %d: %x, want %x", i, q.In, wantIn[i])
		}
	}
	if len(d.transfers) != 5 || len(d.transfers[0]) != 2 {
		t.Errorf("transfers %v", d.transfers)
	}
}

func TestVirtioFailureFailsTheRest(t *testing.T) {
	b, d := NewBus(), &memo{}
	b.Attach(0x76, d)
	batch := []vhost.Request{i2cWrite(0x10, i2cFailNext, 1), i2cWrite(0x76, 0, 2)}
	if err := b.handle(t.Context(), 0, batch); err != nil {
		t.Fatal(err)
	}
	if batch[0].In[0] != i2cStatusError || batch[1].In[0] != i2cStatusError || len(d.transfers) != 0 {
		t.Errorf("statuses %x %x, %d transfers", batch[0].In, batch[1].In, len(d.transfers))
	}
}

func TestAMalformedI2CRequestIsAnError(t *testing.T) {
	for _, q := range []vhost.Request{{}, {Out: make([]byte, 7), In: make([]byte, 1)}, {Out: make([]byte, 8)}} {
		if err := NewBus().handle(t.Context(), 0, []vhost.Request{q}); err == nil {
			t.Errorf("%d bytes with room for %d: accepted", len(q.Out), len(q.In))
		}
	}
}

func TestFaultOfAnotherChipPanics(t *testing.T) {
	for name, misuse := range map[string]func(){
		"BME280":  func() { NewBME280().Break(BadCRC) },
		"DS2482":  func() { NewDS2482().Break(WrongID) },
		"DS18B20": func() { NewDS18B20(1).Break(Gone) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			misuse()
		}()
	}
}
