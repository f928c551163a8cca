// Package vhost is the back end of vhost-user: a virtio device of a virtual
// machine that lives in this process. QEMU's vhost-user-i2c-pci and
// vhost-user-gpio-pci are front ends of it.
//
// It speaks split virtqueues with indirect descriptors and without event
// indexes, so QEMU's device needs event_idx=off. Nothing the guest writes into
// a queue can make it read or write outside the guest's memory; a malformed
// queue ends the device with an error.
//
// The clauses named in comments are those of the Virtual I/O Device
// specification 1.2 and of QEMU's docs/interop/vhost-user.rst.
package vhost

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
)

// Request is one buffer chain that the driver made available.
type Request struct {
	Out []byte // a copy of what the driver wrote
	In  []byte // the answer: all of it goes to the driver, zero where nothing is put
}

// Device is a virtio device.
type Device struct {
	// Features are the feature bits of the device's type (bits 0 to 23).
	Features uint64
	// Queues is the number of virtqueues.
	Queues int
	// Config is the device's configuration space; nil if its type has none.
	Config []byte
	// Handle answers the requests that one notification of the driver brought,
	// in the order in which the driver made them available; they are completed
	// together when it returns. It returns early, with any error, when ctx ends:
	// the requests then stay available to the next front end. Another error ends
	// the device. Each queue has one goroutine.
	Handle func(ctx context.Context, queue int, batch []Request) error
}

// Serve accepts front ends on l, a unix socket, until l is closed and the last
// front end has gone, or until one breaks the protocol, which is the error. It
// closes l before it returns.
func (d *Device) Serve(l net.Listener) error {
	var (
		sessions sync.WaitGroup
		once     sync.Once
		broken   error
	)
	for {
		conn, err := l.Accept()
		if err != nil {
			sessions.Wait()
			return firstError(broken, err)
		}
		sessions.Go(func() {
			if err := d.serveConn(conn); err != nil {
				once.Do(func() { broken = err })
				l.Close()
			}
		})
	}
}

// firstError is what Serve returns: the protocol's error before the
// listener's, and none for a listener that was closed.
func firstError(broken, accept error) error {
	switch {
	case broken != nil:
		return broken
	case errors.Is(accept, net.ErrClosed):
		return nil
	}
	return fmt.Errorf("vhost: %w", accept)
}

// serveConn serves one front end until it leaves.
func (d *Device) serveConn(conn net.Conn) error {
	defer conn.Close()
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		return fmt.Errorf("vhost: %T is no unix socket; memory is passed as file descriptors", conn)
	}
	return newSession(d, socket).run()
}
