package broker

import (
	"net"
	"sync"
	"time"
)

// maxUnsent is how much of ours a connection keeps for a broker that takes
// nothing, in bytes, before it holds its writer up.
const maxUnsent = 1 << 20

// unhurried is a connection whose writes do not wait for the network, so that a
// broker that stops reading holds up no session: a change on the page is obeyed
// and answered meanwhile. A write that the network does not take within
// writeTimeout ends the connection.
type unhurried struct {
	net.Conn
	mu      sync.Mutex
	changed sync.Cond
	unsent  []byte
	err     error // of the first write that failed, or why there will be none
	closing bool
	sent    chan struct{} // closed when nothing is written any more
}

func newUnhurried(c net.Conn) *unhurried {
	u := &unhurried{Conn: c, sent: make(chan struct{})}
	u.changed.L = &u.mu
	go u.send()
	return u
}

// Write keeps a copy to be sent soon, and tells what became of those before it.
func (u *unhurried) Write(p []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for u.err == nil && !u.closing && len(u.unsent) > maxUnsent {
		u.changed.Wait()
	}
	if u.closing {
		return 0, net.ErrClosed
	}
	if u.err != nil {
		return 0, u.err
	}
	u.unsent = append(u.unsent, p...)
	u.changed.Broadcast()
	return len(p), nil
}

// send writes what is there until the connection ends.
func (u *unhurried) send() {
	defer close(u.sent)
	for {
		u.mu.Lock()
		for len(u.unsent) == 0 && !u.closing {
			u.changed.Wait()
		}
		next := u.unsent
		u.unsent = nil
		u.changed.Broadcast()
		u.mu.Unlock()
		if len(next) == 0 {
			return
		}
		_ = u.Conn.SetWriteDeadline(time.Now().Add(writeTimeout)) // where it fails, so does the write
		if _, err := u.Conn.Write(next); err != nil {
			u.fail(err)
			return
		}
	}
}

// fail ends the connection: its reader notices.
func (u *unhurried) fail(err error) {
	u.mu.Lock()
	u.err = err
	u.changed.Broadcast()
	u.mu.Unlock()
	u.Conn.Close()
}

// Close lets what is left, a farewell at most, be sent for a moment.
func (u *unhurried) Close() error {
	u.mu.Lock()
	u.closing = true
	u.changed.Broadcast()
	u.mu.Unlock()
	late := time.NewTimer(GoodbyeTimeout * time.Millisecond)
	defer late.Stop()
	select {
	case <-u.sent:
	case <-late.C:
	}
	return u.Conn.Close()
}

// SetWriteDeadline does nothing: each write has its own.
func (u *unhurried) SetWriteDeadline(time.Time) error { return nil }

// SetDeadline sets that of reads.
func (u *unhurried) SetDeadline(t time.Time) error { return u.Conn.SetReadDeadline(t) }
