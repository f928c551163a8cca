package vhost

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	maxRegions = 8  // vhost-user.rst, "Memory regions description"
	regionSize = 32 // bytes of one region's description
)

// region is a part of the guest's memory, mapped into this process.
type region struct {
	guest uint64 // its physical address in the guest
	user  uint64 // its address in the front end's process
	data  []byte
}

// memory is the guest's memory. Addresses are the guest's physical ones.
type memory struct {
	regions []region
}

// mapMemory maps the table of a SET_MEM_TABLE request.
func mapMemory(m *message) (*memory, error) {
	if len(m.payload) < 8 {
		return nil, m.sizeError()
	}
	count := int(binary.LittleEndian.Uint32(m.payload))
	if count > maxRegions || len(m.payload) < 8+count*regionSize || len(m.files) != count {
		return nil, fmt.Errorf("vhost: a memory table of %d regions in %d bytes with %d descriptors", count, len(m.payload), len(m.files))
	}
	mem := &memory{}
	for i := range count {
		r, err := mapRegion(m.payload[8+i*regionSize:], m.files[i])
		if err != nil {
			mem.unmap()
			return nil, err
		}
		mem.regions = append(mem.regions, r)
	}
	return mem, nil
}

// mapRegion maps one region of the file fd.
func mapRegion(description []byte, fd int) (region, error) {
	r := region{guest: binary.LittleEndian.Uint64(description), user: binary.LittleEndian.Uint64(description[16:])}
	size := binary.LittleEndian.Uint64(description[8:])
	offset := binary.LittleEndian.Uint64(description[24:])
	if err := checkRegion(r, size, offset, fd); err != nil {
		return region{}, fmt.Errorf("vhost: memory region of %#x bytes at %#x: %w", size, r.guest, err)
	}
	data, err := unix.Mmap(fd, int64(offset), int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return region{}, fmt.Errorf("vhost: memory region of %#x bytes at %#x: %w", size, r.guest, err)
	}
	r.data = data
	return r, nil
}

// checkRegion refuses a region that could not be used safely: one that is not
// made of whole pages (words would be misaligned), whose addresses wrap, or
// that its file does not hold (touching it would raise SIGBUS).
func checkRegion(r region, size, offset uint64, fd int) error {
	const limit = 1 << 62 // so that no sum below wraps
	if size == 0 || size > limit || offset > limit || r.guest+size < r.guest || r.user+size < r.user {
		return errors.New("out of range")
	}
	if page := uint64(unix.Getpagesize()); (r.guest|r.user|size|offset)%page != 0 {
		return errors.New("not in whole pages")
	}
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return err
	}
	if offset+size > uint64(stat.Size) {
		return fmt.Errorf("its file has %#x bytes", stat.Size)
	}
	return nil
}

// unmap gives the memory back.
func (mem *memory) unmap() {
	for _, r := range mem.regions {
		// An error can only mean that the mapping is not there.
		_ = unix.Munmap(r.data)
	}
	mem.regions = nil
}

// guestAddress translates an address of the front end's process.
func (mem *memory) guestAddress(user uint64) (uint64, error) {
	for _, r := range mem.regions {
		if offset := user - r.user; user >= r.user && offset < uint64(len(r.data)) {
			return r.guest + offset, nil
		}
	}
	return 0, fmt.Errorf("vhost: address %#x of the front end is in no memory region", user)
}

// at is the memory from an address to the end of its region; empty outside
// all regions.
func (mem *memory) at(address uint64) []byte {
	for _, r := range mem.regions {
		if offset := address - r.guest; address >= r.guest && offset < uint64(len(r.data)) {
			return r.data[offset:]
		}
	}
	return nil
}

// read fills p from an address on.
func (mem *memory) read(address uint64, p []byte) error {
	for len(p) > 0 {
		n := copy(p, mem.at(address))
		if n == 0 {
			return outside(address)
		}
		p, address = p[n:], address+uint64(n)
	}
	return nil
}

// write puts p into the memory from an address on.
func (mem *memory) write(address uint64, p []byte) error {
	for len(p) > 0 {
		n := copy(mem.at(address), p)
		if n == 0 {
			return outside(address)
		}
		p, address = p[n:], address+uint64(n)
	}
	return nil
}

// contains says whether all of a range is memory.
func (mem *memory) contains(address, size uint64) bool {
	for size > 0 {
		n := uint64(len(mem.at(address)))
		if n == 0 {
			return false
		}
		n = min(n, size)
		address, size = address+n, size-n
	}
	return true
}

func outside(address uint64) error {
	return fmt.Errorf("vhost: address %#x is outside the guest's memory", address)
}

// word is the aligned 32-bit word that holds an address. The guest's CPUs use
// the rings' indexes while we do, so these go through atomic operations, which
// Go has for 32 bits but not for 16.
func (mem *memory) word(address uint64) (*uint32, error) {
	b := mem.at(address &^ 3)
	if len(b) < 4 {
		return nil, outside(address)
	}
	return (*uint32)(unsafe.Pointer(unsafe.SliceData(b))), nil
}

// load16 reads the 16-bit number at an even address, and orders what follows
// after it. Guest and host are little endian.
func (mem *memory) load16(address uint64) (uint16, error) {
	w, err := mem.word(address)
	if err != nil {
		return 0, err
	}
	return uint16(atomic.LoadUint32(w) >> (8 * (address & 2))), nil
}

// store32 writes the 32-bit number at an aligned address after all that was
// written before.
func (mem *memory) store32(address uint64, value uint32) error {
	w, err := mem.word(address)
	if err != nil {
		return err
	}
	atomic.StoreUint32(w, value)
	return nil
}
