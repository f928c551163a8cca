package chips

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"

	"thermostat/lab/vhost"
)

// The virtio GPIO device (Virtual I/O Device specification 1.2, clause 5.18).
const (
	gpioRequestQueue = 0
	gpioQueues       = 2 // requests and events
	gpioRequestSize  = 8 // type, line, value

	gpioGetNames     = 1
	gpioGetDirection = 2
	gpioSetDirection = 3
	gpioGetValue     = 4
	gpioSetValue     = 5

	gpioDirNone = 0
	gpioDirOut  = 1
	gpioDirIn   = 2

	gpioStatusOK    = 0
	gpioStatusError = 1
)

// Serve offers the bank to virtual machines as a virtio GPIO device: l is the
// socket of QEMU's vhost-user-gpio-pci. Edges are not offered. It returns when
// l is closed and the machines are gone.
func (b *Bank) Serve(l net.Listener) error {
	d := vhost.Device{Queues: gpioQueues, Config: b.config(), Handle: b.handle}
	return d.Serve(l)
}

// config is the configuration space: the number of lines and the size of their
// names.
func (b *Bank) config() []byte {
	c := binary.LittleEndian.AppendUint16(nil, uint16(len(b.lines)))
	c = append(c, 0, 0)
	return binary.LittleEndian.AppendUint32(c, uint32(len(b.names())))
}

// names are the lines' names, each with a zero byte behind it.
func (b *Bank) names() []byte {
	var names []byte
	for i := range b.lines {
		names = fmt.Appendf(names, "GPIO%d\x00", i)
	}
	return names
}

// handle answers the requests of one notification.
func (b *Bank) handle(_ context.Context, queue int, batch []vhost.Request) error {
	if queue != gpioRequestQueue {
		return fmt.Errorf("virtio gpio: %d requests in queue %d, whose feature was not offered", len(batch), queue)
	}
	for _, q := range batch {
		if len(q.Out) != gpioRequestSize || len(q.In) < 2 {
			return fmt.Errorf("virtio gpio: a request of %d bytes with room for %d", len(q.Out), len(q.In))
		}
		b.answer(q)
	}
	return nil
}

// answer answers one request: a status and the value asked for.
func (b *Bank) answer(q vhost.Request) {
	kind := binary.LittleEndian.Uint16(q.Out)
	i := int(binary.LittleEndian.Uint16(q.Out[2:]))
	value := binary.LittleEndian.Uint32(q.Out[4:])
	q.In[0] = gpioStatusOK
	if kind == gpioGetNames {
		copy(q.In[1:], b.names())
		return
	}
	answer, ok := b.request(kind, i, value)
	if !ok {
		q.In[0] = gpioStatusError
	}
	q.In[1] = answer
}

// request does a request to one line.
func (b *Bank) request(kind uint16, i int, value uint32) (answer byte, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i >= len(b.lines) {
		return 0, false
	}
	switch kind {
	case gpioGetDirection:
		// A Raspberry Pi's line is an input even if nobody asked for it.
		if b.look(i, ReadDirection).output {
			return gpioDirOut, true
		}
		return gpioDirIn, true
	case gpioGetValue:
		return level(b.look(i, ReadValue).wire()), true
	case gpioSetDirection:
		return 0, b.setDirection(i, value)
	case gpioSetValue:
		return 0, b.setValue(i, value)
	}
	return 0, false
}

func level(high bool) byte {
	if high {
		return 1
	}
	return 0
}

func (b *Bank) setDirection(i int, direction uint32) bool {
	kind, output := Release, false
	switch direction {
	case gpioDirNone:
	case gpioDirIn:
		kind = SetInput
	case gpioDirOut:
		kind, output = SetOutput, true
	default:
		return false
	}
	b.change(i, kind, func(l *line) { l.output = output })
	return true
}

func (b *Bank) setValue(i int, value uint32) bool {
	if value > 1 {
		return false
	}
	b.change(i, SetValue, func(l *line) { l.level = value == 1 })
	return true
}
