package broker

import (
	"net"
	"sync"
	"time"
)

// maxUnsent is how much of ours a connection keeps for a broker that takes
// nothing, in bytes, before it holds its writer up.
const maxUnsent = 1 << 20

// bufferedConn is a connection whose writes do not wait for the network, so that a
// broker that stops reading holds up no session: a change on the page takes effect
// and is answered meanwhile. A write that the network does not take within
// writeTimeout ends the connection.
type bufferedConn struct {
	net.Conn
	mu      sync.Mutex
	changed sync.Cond
	unsent  []byte
	err     error // of the first write that failed, or why there will be none
	closing bool
	sent    chan struct{} // closed when nothing is written any more
}

func newBufferedConn(c net.Conn) *bufferedConn {
	b := &bufferedConn{Conn: c, sent: make(chan struct{})}
	b.changed.L = &b.mu
	go b.send()
	return b
}

// Write keeps a copy to be sent soon; its error is that of an earlier write.
func (b *bufferedConn) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.err == nil && !b.closing && len(b.unsent) > maxUnsent {
		b.changed.Wait()
	}
	if b.closing {
		return 0, net.ErrClosed
	}
	if b.err != nil {
		return 0, b.err
	}
	b.unsent = append(b.unsent, p...)
	b.changed.Broadcast()
	return len(p), nil
}

// send writes what is there until the connection ends.
func (b *bufferedConn) send() {
	defer close(b.sent)
	for {
		b.mu.Lock()
		for len(b.unsent) == 0 && !b.closing {
			b.changed.Wait()
		}
		next := b.unsent
		b.unsent = nil
		b.changed.Broadcast()
		b.mu.Unlock()
		if len(next) == 0 {
			return
		}
		_ = b.Conn.SetWriteDeadline(time.Now().Add(writeTimeout)) // where it fails, so does the write
		if _, err := b.Conn.Write(next); err != nil {
			b.fail(err)
			return
		}
	}
}

// fail ends the connection: its reader notices.
func (b *bufferedConn) fail(err error) {
	b.mu.Lock()
	b.err = err
	b.changed.Broadcast()
	b.mu.Unlock()
	b.Conn.Close()
}

// Close lets what is left be sent, for GoodbyeTimeout at most.
func (b *bufferedConn) Close() error {
	b.mu.Lock()
	b.closing = true
	b.changed.Broadcast()
	b.mu.Unlock()
	late := time.NewTimer(GoodbyeTimeout)
	defer late.Stop()
	select {
	case <-b.sent:
	case <-late.C:
	}
	return b.Conn.Close()
}

// SetWriteDeadline does nothing: each write has its own.
func (b *bufferedConn) SetWriteDeadline(time.Time) error { return nil }

// SetDeadline sets that of reads.
func (b *bufferedConn) SetDeadline(t time.Time) error { return b.Conn.SetReadDeadline(t) }
