package brokers

import (
	"net"
	"sync/atomic"
	"testing"
)

// wire is a way to a broker that can lose every byte while both ends think that
// they are connected.
type wire struct {
	address string
	broken  atomic.Bool
}

func newWire(t *testing.T, broker string) *wire {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	w := &wire{address: l.Addr().String()}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", broker)
			if err != nil {
				client.Close()
				continue
			}
			go w.carry(server, client)
			go w.carry(client, server)
		}
	}()
	return w
}

// carry takes bytes from one end to the other. A loss is for good, and that an end
// closes is lost with the rest.
func (w *wire) carry(to, from net.Conn) {
	defer from.Close()
	lost := false
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		lost = lost || w.broken.Load()
		switch {
		case err != nil && !lost:
			to.Close()
			return
		case err != nil:
			return
		case lost:
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}
