package vhost

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The flags of a descriptor (clause 2.7.5).
const (
	descNext     = 1
	descWrite    = 2
	descIndirect = 4
)

const (
	descSize = 16
	// maxTable is the largest queue there is (clause 2.7), and no chain may be
	// longer than a queue (2.7.5.3.1).
	maxTable = 32768
	// maxChain limits the bytes of one request, which are copied.
	maxChain = 1 << 20
)

// segment is a piece of the guest's memory.
type segment struct {
	address uint64
	size    uint32
}

// chain is a request as the driver laid it out: first what the device reads,
// then what it writes.
type chain struct {
	head    uint16
	out, in []segment
	total   uint64
}

// descriptor is an entry of a descriptor table.
type descriptor struct {
	segment
	flags uint16
	next  uint16
}

// table is a descriptor table: the ring's own, or an indirect one.
type table struct {
	address  uint64
	entries  uint32
	indirect bool
}

// readDescriptor reads an entry of a table.
func (mem *memory) readDescriptor(t table, index uint32) (descriptor, error) {
	if index >= t.entries {
		return descriptor{}, fmt.Errorf("vhost: descriptor %d of a table of %d", index, t.entries)
	}
	var b [descSize]byte
	if err := mem.read(t.address+uint64(index)*descSize, b[:]); err != nil {
		return descriptor{}, err
	}
	return descriptor{
		segment: segment{address: binary.LittleEndian.Uint64(b[:]), size: binary.LittleEndian.Uint32(b[8:])},
		flags:   binary.LittleEndian.Uint16(b[12:]),
		next:    binary.LittleEndian.Uint16(b[14:]),
	}, nil
}

// readChain follows the chain that begins at head of the ring's table.
func (mem *memory) readChain(t table, head uint16) (*chain, error) {
	c := &chain{head: head}
	if err := c.follow(mem, t, uint32(head)); err != nil {
		return nil, fmt.Errorf("%w (chain %d)", err, head)
	}
	return c, nil
}

// follow appends the chain that begins at index of a table. It takes at most
// as many steps as the table has entries, so a loop ends.
func (c *chain) follow(mem *memory, t table, index uint32) error {
	for range t.entries {
		d, err := mem.readDescriptor(t, index)
		if err != nil {
			return err
		}
		if d.flags&descIndirect != 0 {
			return c.followIndirect(mem, t, d)
		}
		if err := c.append(mem, d); err != nil {
			return err
		}
		if d.flags&descNext == 0 {
			return nil
		}
		index = uint32(d.next)
	}
	return errors.New("vhost: a chain of descriptors that does not end")
}

// followIndirect appends the chain of an indirect table, which must be the
// last of its chain and must not hold another one (clause 2.7.5.3.1).
func (c *chain) followIndirect(mem *memory, outer table, d descriptor) error {
	if outer.indirect || d.flags&descNext != 0 {
		return errors.New("vhost: an indirect descriptor where none may be")
	}
	if d.size == 0 || d.size%descSize != 0 || d.size/descSize > maxTable {
		return fmt.Errorf("vhost: an indirect table of %d bytes", d.size)
	}
	return c.follow(mem, table{address: d.address, entries: d.size / descSize, indirect: true}, 0)
}

// append adds a descriptor's buffer.
func (c *chain) append(mem *memory, d descriptor) error {
	c.total += uint64(d.size)
	if c.total > maxChain {
		return fmt.Errorf("vhost: a request of more than %d bytes", maxChain)
	}
	if !mem.contains(d.address, uint64(d.size)) {
		return outside(d.address)
	}
	switch {
	case d.flags&descWrite != 0:
		c.in = append(c.in, d.segment)
	case len(c.in) > 0:
		return errors.New("vhost: a buffer to read behind one to write")
	default:
		c.out = append(c.out, d.segment)
	}
	return nil
}

// request copies what the driver wrote, so that the guest cannot change it
// afterwards, and makes room for the answer.
func (c *chain) request(mem *memory) (Request, error) {
	var q Request
	for _, s := range c.out {
		at := len(q.Out)
		q.Out = append(q.Out, make([]byte, s.size)...)
		if err := mem.read(s.address, q.Out[at:]); err != nil {
			return Request{}, err
		}
	}
	room := 0
	for _, s := range c.in {
		room += int(s.size)
	}
	q.In = make([]byte, room)
	return q, nil
}

// answer puts the answer into the driver's buffers and returns its size. The
// memory may be another one than when the chain was read.
func (c *chain) answer(mem *memory, in []byte) (uint32, error) {
	written := uint32(0)
	for _, s := range c.in {
		n := min(int(s.size), len(in))
		if err := mem.write(s.address, in[:n]); err != nil {
			return 0, err
		}
		in = in[n:]
		written += uint32(n)
	}
	return written, nil
}
