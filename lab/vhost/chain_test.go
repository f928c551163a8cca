package vhost

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

// flat is a memory of one region that begins at address 0x1000.
func flat(data []byte) *memory {
	return &memory{regions: []region{{guest: 0x1000, user: 0x1000, data: data}}}
}

// put writes a descriptor at an index of a table at the region's begin.
func put(data []byte, index int, address uint64, size uint32, flags, next uint16) {
	b := data[index*descSize:]
	binary.LittleEndian.PutUint64(b, address)
	binary.LittleEndian.PutUint32(b[8:], size)
	binary.LittleEndian.PutUint16(b[12:], flags)
	binary.LittleEndian.PutUint16(b[14:], next)
}

func TestAMalformedChainIsRefusedWithItsCause(t *testing.T) {
	tests := []struct {
		name string
		lay  func(data []byte)
		want string
	}{
		{"loop", func(d []byte) {
			put(d, 0, 0x1000, 1, descNext, 1)
			put(d, 1, 0x1000, 1, descNext, 0)
		}, "does not end"},
		{"next outside", func(d []byte) { put(d, 0, 0x1000, 1, descNext, 4) }, "descriptor 4 of a table of 4"},
		{"read behind write", func(d []byte) {
			put(d, 0, 0x1000, 1, descNext|descWrite, 1)
			put(d, 1, 0x1000, 1, 0, 0)
		}, "behind"},
		{"below memory", func(d []byte) { put(d, 0, 0xfff, 2, 0, 0) }, "outside"},
		{"beyond memory", func(d []byte) { put(d, 0, 0x1fff, 2, 0, 0) }, "outside"},
		{"wrapping", func(d []byte) { put(d, 0, ^uint64(0), 2, 0, 0) }, "outside"},
		{"huge", func(d []byte) { put(d, 0, 0x1000, ^uint32(0), descWrite, 0) }, "more than"},
		{"indirect with next", func(d []byte) { put(d, 0, 0x1100, 16, descIndirect|descNext, 1) }, "indirect"},
		{"indirect in indirect", func(d []byte) {
			put(d, 0, 0x1100, 16, descIndirect, 0)
			put(d, 16, 0x1100, 16, descIndirect, 0)
		}, "indirect"},
		{"indirect empty", func(d []byte) { put(d, 0, 0x1100, 0, descIndirect, 0) }, "table of 0 bytes"},
		{"indirect uneven", func(d []byte) { put(d, 0, 0x1100, 17, descIndirect, 0) }, "table of 17 bytes"},
		{"indirect too large", func(d []byte) { put(d, 0, 0x1100, (maxTable+1)*descSize, descIndirect, 0) }, "table of"},
		{"indirect beyond memory", func(d []byte) { put(d, 0, 0x1ff8, 16, descIndirect, 0) }, "outside"},
		{"indirect loop", func(d []byte) {
			put(d, 0, 0x1100, 16, descIndirect, 0)
			put(d, 16, 0x1000, 1, descNext, 0)
		}, "does not end"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			data := make([]byte, 0x1000)
			test.lay(data)
			_, err := flat(data).readChain(table{address: 0x1000, entries: 4}, 0)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

// A buffer may lie across two regions that touch each other.
func TestABufferMayLieAcrossTwoRegions(t *testing.T) {
	mem := &memory{regions: []region{
		{guest: 0x2000, data: make([]byte, 0x1000)},
		{guest: 0x1000, data: make([]byte, 0x1000)},
	}}
	if err := mem.write(0x1ffe, []byte("abcd")); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 4)
	if err := mem.read(0x1ffe, got); err != nil || string(got) != "abcd" {
		t.Errorf("read %q, %v", got, err)
	}
	if !mem.contains(0x1ffe, 4) || mem.contains(0x2ffe, 4) || mem.contains(0xfff, 2) {
		t.Error("contains")
	}
	if err := mem.write(0x2ffe, []byte("abcd")); err == nil {
		t.Error("wrote outside")
	}
}

// FuzzChain reads chains out of arbitrary memory: an error or a chain within
// the memory, never more.
func FuzzChain(f *testing.F) {
	good := make([]byte, 0x200)
	put(good, 0, 0x1100, 8, descNext, 1)
	put(good, 1, 0x1110, 8, descWrite, 0)
	f.Add(good, uint16(0), uint16(4))
	nested := make([]byte, 0x200)
	put(nested, 2, 0x1100, 32, descIndirect, 0)
	put(nested, 16, 0x1000, 8, descNext, 1)
	put(nested, 17, 0x1000, 8, descWrite, 1)
	f.Add(nested, uint16(2), uint16(4))
	loop := make([]byte, 0x200)
	put(loop, 0, 0x1000, 0, descNext, 0)
	f.Add(loop, uint16(0), uint16(256))
	f.Fuzz(func(t *testing.T, data []byte, head, entries uint16) {
		mem := flat(slices.Clone(data))
		c, err := mem.readChain(table{address: 0x1000, entries: uint32(entries)}, head)
		if err != nil {
			return
		}
		for _, s := range append(slices.Clone(c.out), c.in...) {
			if end := s.address + uint64(s.size); s.size > 0 && (s.address < 0x1000 || end > 0x1000+uint64(len(data))) {
				t.Fatalf("a buffer of %d bytes at %#x", s.size, s.address)
			}
		}
		q, err := c.request(mem)
		if err != nil {
			t.Fatal(err)
		}
		if uint64(len(q.Out)+len(q.In)) != c.total || c.total > maxChain {
			t.Fatalf("%d and %d bytes of %d", len(q.Out), len(q.In), c.total)
		}
		if n, err := c.answer(mem, q.In); err != nil || int(n) != len(q.In) {
			t.Fatalf("answered %d bytes of %d: %v", n, len(q.In), err)
		}
	})
}
