package vhost

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// availNoInterrupt in the available ring's flags: the driver wants no
// notification (clause 2.7.6).
const availNoInterrupt = 1

// ring is a split virtqueue. Its fields are guarded by the session's mutex.
type ring struct {
	index   int
	size    uint32
	table   uint64 // guest addresses of the three parts (clause 2.7)
	avail   uint64
	used    uint64
	next    uint16 // the next entry of the available ring to take
	enabled bool
	call    int // eventfd that interrupts the guest; -1: none
	worker  *worker
}

// worker is the goroutine of a started ring.
type worker struct {
	kick *os.File // eventfd that the driver's notification raises
	stop context.CancelFunc
	done chan struct{}
}

// start starts a ring with the descriptor that announces requests.
func (s *session) start(r *ring, kick int) error {
	// Non-blocking, so that closing the file wakes the worker.
	if err := unix.SetNonblock(kick, true); err != nil {
		unix.Close(kick)
		return fmt.Errorf("vhost: kick of ring %d: %w", r.index, err)
	}
	ctx, cancel := context.WithCancel(s.ctx)
	w := &worker{kick: os.NewFile(uintptr(kick), "kick"), stop: cancel, done: make(chan struct{})}
	s.mu.Lock()
	r.worker = w
	s.mu.Unlock()
	go func() {
		defer close(w.done)
		s.work(ctx, r, w.kick)
	}()
	return nil
}

// stop ends a ring's worker, if it runs, and waits for it. Requests it had not
// completed stay available.
func (s *session) stop(r *ring) {
	s.mu.Lock()
	w := r.worker
	r.worker = nil
	s.mu.Unlock()
	if w == nil {
		return
	}
	w.stop()
	w.kick.Close()
	<-w.done
}

// work answers a ring's requests until it is stopped.
func (s *session) work(ctx context.Context, r *ring, kick *os.File) {
	var count [8]byte
	for {
		if _, err := kick.Read(count[:]); err != nil {
			if ctx.Err() == nil {
				s.fail(fmt.Errorf("vhost: kick of ring %d: %w", r.index, err))
			}
			return
		}
		if err := s.process(ctx, r); err != nil {
			if ctx.Err() == nil {
				s.fail(err)
			}
			return
		}
	}
}

// wake makes a running worker look at its ring.
func (r *ring) wake() error {
	if r.worker == nil {
		return nil
	}
	one := binary.NativeEndian.AppendUint64(nil, 1)
	if _, err := r.worker.kick.Write(one); err != nil {
		return fmt.Errorf("vhost: kick of ring %d: %w", r.index, err)
	}
	return nil
}

// process answers what was available when the driver notified us. It does not
// look again afterwards: each batch comes with a notification of its own, and
// between two looks the next batch might be there by half.
func (s *session) process(ctx context.Context, r *ring) error {
	chains, batch, err := s.take(r)
	if err != nil || len(batch) == 0 {
		return err
	}
	if err := s.device.Handle(ctx, r.index, batch); err != nil {
		return err
	}
	return s.complete(r, chains, batch)
}

// take reads the requests that are available.
func (s *session) take(r *ring) ([]*chain, []Request, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ringEnabled(r) {
		return nil, nil, nil
	}
	if r.size == 0 || r.table == 0 {
		return nil, nil, fmt.Errorf("vhost: ring %d was started before it was set up", r.index)
	}
	end, err := s.memory.load16(r.avail + 2)
	if err != nil {
		return nil, nil, err
	}
	count := end - r.next
	if uint32(count) > r.size {
		return nil, nil, fmt.Errorf("vhost: %d requests in ring %d of %d entries", count, r.index, r.size)
	}
	chains, batch := make([]*chain, count), make([]Request, count)
	for i := range count {
		if chains[i], err = s.availableChain(r, r.next+i); err != nil {
			return nil, nil, err
		}
		if batch[i], err = chains[i].request(s.memory); err != nil {
			return nil, nil, err
		}
	}
	return chains, batch, nil
}

// availableChain reads the chain of an entry of the available ring.
func (s *session) availableChain(r *ring, entry uint16) (*chain, error) {
	var head [2]byte
	if err := s.memory.read(r.avail+4+2*(uint64(entry)%uint64(r.size)), head[:]); err != nil {
		return nil, err
	}
	return s.memory.readChain(table{address: r.table, entries: r.size}, binary.LittleEndian.Uint16(head[:]))
}

// complete hands the answers to the driver.
func (s *session) complete(r *ring, chains []*chain, batch []Request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, c := range chains {
		written, err := c.answer(s.memory, batch[i].In)
		if err != nil {
			return err
		}
		if err := s.use(r, c.head, written); err != nil {
			return err
		}
	}
	return s.interrupt(r)
}

// use appends a chain to the used ring (clause 2.7.8). Requests are completed
// in their order, so the used index is the one of the available ring.
func (s *session) use(r *ring, head uint16, written uint32) error {
	var entry [8]byte
	binary.LittleEndian.PutUint32(entry[:], uint32(head))
	binary.LittleEndian.PutUint32(entry[4:], written)
	if err := s.memory.write(r.used+4+8*(uint64(r.next)%uint64(r.size)), entry[:]); err != nil {
		return err
	}
	r.next++
	// The word of the flags, which stay 0, and the index.
	return s.memory.store32(r.used, uint32(r.next)<<16)
}

// interrupt tells the driver of completed requests, unless it wants no word.
func (s *session) interrupt(r *ring) error {
	flags, err := s.memory.load16(r.avail)
	if err != nil || flags&availNoInterrupt != 0 || r.call < 0 {
		return err
	}
	one := binary.NativeEndian.AppendUint64(nil, 1)
	// A counter that is full has its interrupt pending already.
	if _, err := unix.Write(r.call, one); err != nil && !errors.Is(err, unix.EAGAIN) {
		return fmt.Errorf("vhost: call of ring %d: %w", r.index, err)
	}
	return nil
}
