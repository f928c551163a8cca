package main

import (
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"time"

	broker "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"

	"thermostat/drivers/simulated"
)

// demoHouse is what the faults break.
type demoHouse struct {
	agent  *agent
	view   *demoView
	mu     sync.Mutex
	server *broker.Server
	addr   string
}

const brokerDownFor = 10 * time.Second

// brokerDown closes the broker, and opens a new one at the same address later.
func (h *demoHouse) brokerDown() {
	h.closeBroker()
	time.AfterFunc(brokerDownFor, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.server != nil {
			return
		}
		server, _, err := startBroker(h.addr)
		if err != nil {
			h.view.line("the broker does not come back: %v", err)
			return
		}
		h.server = server
		h.view.line("the broker is back, empty")
	})
}

func (h *demoHouse) closeBroker() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.server != nil {
		h.server.Close()
	}
	h.server = nil
}

// breaks lets a fault happen, to all rooms if it is one of a room.
func (h *demoHouse) breaks(f simulated.Fault) {
	if f.Name == simulated.BrokerDown {
		h.brokerDown()
		return
	}
	for _, z := range h.agent.zones {
		f.Break(z.devices.Room)
	}
}

// startBroker opens the embedded broker, on the next free port if the asked one is taken.
func startBroker(want string) (*broker.Server, string, error) {
	l, err := listenNear(want)
	if err != nil {
		return nil, "", fmt.Errorf("no free port for the broker: %w", err)
	}
	// Retained messages of the embedded broker would vanish after a day.
	caps := broker.NewDefaultServerCapabilities()
	caps.MaximumMessageExpiryInterval = 0
	s := broker.New(&broker.Options{Capabilities: caps, Logger: slog.New(slog.DiscardHandler)})
	err = s.AddHook(new(auth.AllowHook), nil)
	if err == nil {
		err = s.AddListener(listeners.NewNet("demo", l))
	}
	if err == nil {
		err = s.Serve()
	}
	return s, l.Addr().String(), err
}

// listenNear opens an address, on the next free port if the asked one is taken.
func listenNear(want string) (net.Listener, error) {
	host, portText, _ := net.SplitHostPort(want)
	port, err := strconv.Atoi(portText)
	for last := port + 100; err == nil; port++ {
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err == nil || port == last || port == 0 {
			return l, err
		}
	}
	return nil, err
}
