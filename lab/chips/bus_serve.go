package chips

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"

	"thermostat/lab/vhost"
)

// The virtio I2C adapter (Virtual I/O Device specification 1.2, clause 5.15).
const (
	i2cZeroLength  = 1 << 0 // VIRTIO_I2C_F_ZERO_LENGTH_REQUEST, which Linux demands
	i2cHeaderSize  = 8      // address, padding, flags
	i2cFailNext    = 1 << 0 // the next request belongs to the same transfer
	i2cRead        = 1 << 1
	i2cStatusOK    = 0
	i2cStatusError = 1
)

// Serve offers the bus to virtual machines as a virtio I2C adapter: l is the
// socket of QEMU's vhost-user-i2c-pci. It returns when l is closed and the
// machines are gone.
func (b *Bus) Serve(l net.Listener) error {
	d := vhost.Device{Features: i2cZeroLength, Queues: 1, Handle: b.handle}
	return d.Serve(l)
}

// i2cRequest is one message as virtio has it.
type i2cRequest struct {
	addr   uint16
	more   bool // the next request belongs to the same transfer
	msg    Msg
	status *byte
}

// handle answers the requests of one notification.
func (b *Bus) handle(ctx context.Context, _ int, batch []vhost.Request) error {
	requests := make([]i2cRequest, len(batch))
	for i, q := range batch {
		r, err := parseI2C(q)
		if err != nil {
			return err
		}
		requests[i] = r
	}
	for len(requests) > 0 {
		n := transferLength(requests)
		if err := b.transfer(ctx, requests[:n]); err != nil {
			return err
		}
		requests = requests[n:]
	}
	return nil
}

// parseI2C takes a request apart. The answer's last byte is the status, what
// is before it is what the master reads.
func parseI2C(q vhost.Request) (i2cRequest, error) {
	if len(q.Out) < i2cHeaderSize || len(q.In) < 1 {
		return i2cRequest{}, fmt.Errorf("virtio i2c: a request of %d bytes with room for %d", len(q.Out), len(q.In))
	}
	flags := binary.LittleEndian.Uint32(q.Out[4:])
	status := len(q.In) - 1
	r := i2cRequest{
		addr:   binary.LittleEndian.Uint16(q.Out) >> 1,
		more:   flags&i2cFailNext != 0,
		msg:    Msg{Data: q.Out[i2cHeaderSize:]},
		status: &q.In[status],
	}
	if flags&i2cRead != 0 {
		r.msg = Msg{Read: true, Data: q.In[:status]}
	}
	return r, nil
}

// transferLength is the number of requests of the first transfer. A driver
// whose queue was full leaves the last one with "more" and nothing behind it.
func transferLength(requests []i2cRequest) int {
	for i, r := range requests {
		if !r.more {
			return i + 1
		}
	}
	return len(requests)
}

// transfer does one transfer and sets the status of its requests. When a part
// of it fails, what comes after fails too (clause 5.15.6.1).
func (b *Bus) transfer(ctx context.Context, requests []i2cRequest) error {
	failed := false
	for len(requests) > 0 {
		n, msgs := sameAddress(requests)
		if !failed {
			failed = b.Transfer(ctx, requests[0].addr, msgs) != nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, r := range requests[:n] {
			*r.status = i2cStatusOK
			if failed {
				*r.status = i2cStatusError
			}
		}
		requests = requests[n:]
	}
	return nil
}

// sameAddress is the number and the messages of the first requests to one
// device.
func sameAddress(requests []i2cRequest) (int, []Msg) {
	var msgs []Msg
	for _, r := range requests {
		if r.addr != requests[0].addr {
			break
		}
		msgs = append(msgs, r.msg)
	}
	return len(msgs), msgs
}
