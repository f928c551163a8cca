package mqtt

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"thermostat/mqtt/setpoint"
)

// blocked is a connection to a broker that stops reading: nothing is taken while
// it stands still.
type blocked struct {
	net.Conn
	still  *atomic.Bool
	closed context.Context
	close  func()
}

func (b *blocked) Write(p []byte) (int, error) {
	if !b.still.Load() {
		return b.Conn.Write(p)
	}
	select {
	case <-time.After(10 * time.Second):
	case <-b.closed.Done():
	}
	return 0, os.ErrDeadlineExceeded
}

func (b *blocked) Close() error {
	b.close()
	return b.Conn.Close()
}

// TestALocalChangeWaitsForNoBroker: a change and a clearing from the page are
// obeyed, saved and answered at once, whatever the broker does: it is not there,
// lets the handshake wait, answers nothing, stops reading in the middle of a
// connection, or goes and comes. The last word is retained when it is back.
func TestALocalChangeWaitsForNoBroker(t *testing.T) {
	for name, trouble := range map[string]func(h *house, still *atomic.Bool){
		"it is there":   func(*house, *atomic.Bool) {},
		"it stops":      func(h *house, still *atomic.Bool) { h.stopBroker() },
		"it is silent":  func(h *house, still *atomic.Bool) { still.Store(true) },
		"it comes back": func(h *house, still *atomic.Bool) { h.stopBroker(); time.Sleep(10 * time.Second); h.startBroker() },
	} {
		t.Run(name, func(t *testing.T) {
			inHouse(t, func(h *house) {
				var still atomic.Bool
				h.change = func(o *Options) {
					dial := o.Dial
					o.Dial = func(u *url.URL) (net.Conn, error) {
						c, err := dial(u)
						if err != nil {
							return nil, err
						}
						closed, end := context.WithCancel(context.Background())
						return &blocked{c, &still, closed, end}, nil
					}
				}
				h.startAgent(18)
				time.Sleep(30 * time.Second)
				trouble(h, &still)
				for i := range 200 { // through the lost connection, the handshake of the next and so on
					h.changesAtOnce(fmt.Sprintf(`{"desired":%d}`, 20+i%3))
					time.Sleep(time.Second)
				}
				if still.Store(false); name == "it stops" {
					h.startBroker()
				}
				time.Sleep(2 * time.Minute)
				if c, err := setpoint.DecodeControl(h.retained("living/control")); err != nil || c.GetDesired() != 20+199%3 {
					t.Errorf("retained %v (%v)", c, err)
				}
			})
		})
	}
}

// changesAtOnce changes and clears a zone from the page within half a second.
func (h *house) changesAtOnce(control string) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	if a, err := h.session.Submit(ctx, "living", "page", []byte(control)); err != nil || !a.Applied {
		h.t.Errorf("change: %+v, %v", a, err)
	}
	if a, err := h.session.Hand(ctx, "living", "page", "clear", ""); err != nil || !a.Applied {
		h.t.Errorf("clear: %+v, %v", a, err)
	}
}
