package client

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"thermostat/controlloop"
	"thermostat/mqtt/broker"
	"thermostat/mqtt/wire"
	pb "thermostat/proto"
)

// HeaterLease is how long a heater stays on without a new On.
const HeaterLease = 30 * time.Second

// The setpoints that a heater of the published example pushes: 45 ± 5 °C, deltas 1 K.
const (
	pushedDesired = 45.0
	pushedSpread  = 5.0
	pushedDelta   = 1.0
)

// Heater is a heater's side of the broker: it publishes its sensor's readings and
// obeys commands. Fill the fields, then call [Heater.Run] once.
type Heater struct {
	broker.Access
	SensorID int32
	Every    time.Duration      // between two readings
	Sensor   controlloop.Sensor // its own
	Relay    controlloop.Relay  // its own
	Push     time.Duration      // between two random setpoints for the zone of this sensor; 0: none
	Device   string             // of the agent that has the zone; empty: any
	Log      *slog.Logger

	client   paho.Client // nil while down
	on       bool
	lease    *time.Timer
	zone     string // its topics' base; empty: not known yet
	pushedAt time.Time
	lines    broker.LogLimit // of what others make us log
	messages chan Message
	clients  chan paho.Client
}

func (h *Heater) topic(what string) string {
	return fmt.Sprintf("%s/heaters/%d/%s", h.Prefix, h.SensorID, what)
}

// Run works until the context ends, and leaves the heater off.
func (h *Heater) Run(ctx context.Context) error {
	h.messages, h.clients = make(chan Message), make(chan paho.Client)
	h.lease = time.NewTimer(HeaterLease)
	defer h.lease.Stop()
	tick := time.NewTicker(h.Every)
	defer tick.Stop()
	go h.keepConnected(ctx)
	for {
		select {
		case <-ctx.Done():
			return h.Relay.Set(false)
		case h.client = <-h.clients:
		case m := <-h.messages:
			h.receive(m)
		case <-h.lease.C:
			h.leaseExpired()
		case now := <-tick.C:
			h.publishReading(ctx)
			h.pushSetpoint(now)
		}
	}
}

// keepConnected connects, waits for the end of the connection, and again.
func (h *Heater) keepConnected(ctx context.Context) {
	for attempt := 0; ctx.Err() == nil; attempt++ {
		began := time.Now()
		client, lost, err := h.connect(ctx)
		if err != nil {
			if ctx.Err() == nil && attempt == 0 {
				h.Log.Warn("no broker", "error", err)
			}
			broker.Backoff(ctx, attempt, time.Since(began))
			continue
		}
		h.Log.Info("broker connected")
		attempt = -1
		h.handOver(ctx, client)
		select {
		case <-lost:
			h.Log.Warn("broker lost")
		case <-ctx.Done():
		}
		h.handOver(ctx, nil)
		broker.Leave(client)
		broker.Backoff(ctx, 0, 0)
	}
}

// handOver tells the loop which client there is.
func (h *Heater) handOver(ctx context.Context, client paho.Client) {
	select {
	case h.clients <- client:
	case <-ctx.Done():
	}
}

func (h *Heater) connect(ctx context.Context) (paho.Client, <-chan error, error) {
	handle := func(_ paho.Client, m paho.Message) {
		select {
		case h.messages <- Message{m.Topic(), m.Payload(), m.Retained()}:
		case <-ctx.Done():
		}
	}
	l := broker.Login{Access: h.Access, ClientID: fmt.Sprintf("thermostat-heater-%d", h.SensorID)}
	client, lost, failed := broker.Connect(ctx, l, handle)
	if client == nil {
		return nil, nil, failed
	}
	wanted := []string{h.topic("heater")}
	if h.Push > 0 {
		wanted = append(wanted, wire.NewTopics(h.Prefix, cmp.Or(h.Device, "+")).Info())
	}
	asking, cancel := context.WithTimeout(ctx, broker.SubscribeTimeout)
	defer cancel()
	if err := broker.Subscribe(client, wanted).Granted(asking); err != nil {
		client.Disconnect(0)
		return nil, nil, err
	}
	return client, lost, nil
}

// receive obeys a command. One that the broker had kept is of nobody knows when:
// it may switch off, never on.
func (h *Heater) receive(m Message) {
	if m.Topic != h.topic("heater") {
		h.findZone(m)
		return
	}
	on, err := wire.DecodeCommand(h.SensorID, m.Payload)
	switch {
	case errors.Is(err, wire.ErrOther):
		h.lines.Log(h.Log, slog.LevelWarn, "ignored a command for another sensor, or for none")
	case err != nil:
		h.lines.Log(h.Log, slog.LevelWarn, "ignored a command", "error", err)
	case on && m.Retained:
		h.lines.Log(h.Log, slog.LevelWarn, "ignored a retained On: nobody knows how old it is")
	default:
		h.set(on, "commanded")
	}
}

func (h *Heater) set(on bool, why string) {
	if err := h.Relay.Set(on); err != nil {
		h.Log.Error("the relay does not obey", "error", err)
		return
	}
	if on {
		h.lease.Reset(HeaterLease)
	}
	if on != h.on {
		h.on = on
		h.Log.Info("heater "+wire.OnOff(on), "why", why)
	}
}

// leaseExpired ends the heat that nobody asks for any more.
func (h *Heater) leaseExpired() {
	if h.on {
		h.set(false, fmt.Sprintf("no On for %v", HeaterLease))
	}
}

// publishReading publishes a reading; while the broker is away it is gone.
func (h *Heater) publishReading(ctx context.Context) {
	r, err := h.Sensor.Read(ctx)
	if h.client == nil {
		return
	}
	d := &pb.SensorData{SensorID: &h.SensorID}
	if err != nil {
		d.Verdict = proto.String(string(controlloop.VerdictError))
	} else {
		d.Temperature, d.ReadAt = &r.Celsius, timestamppb.New(r.At)
	}
	h.client.Publish(h.topic("sensor"), 0, false, wire.Marshal(d))
}

// findZone learns from an agent's info which zone has this sensor.
func (h *Heater) findZone(m Message) {
	base, ok := strings.CutSuffix(m.Topic, "/info")
	var info wire.Info
	if !ok || json.Unmarshal(m.Payload, &info) != nil {
		return
	}
	for name, z := range info.Zones {
		if z.SensorID == h.SensorID {
			h.zone = base + "/" + name
		}
	}
}

// pushSetpoint publishes a random setpoint for the sensor's zone, if one is due.
func (h *Heater) pushSetpoint(now time.Time) {
	if h.Push <= 0 || h.client == nil || h.zone == "" || !h.pushedAt.IsZero() && now.Sub(h.pushedAt) < h.Push {
		return
	}
	h.pushedAt = now
	desired := math.Round((pushedDesired+pushedSpread*(2*rand.Float64()-1))*100) / 100
	h.client.Publish(h.zone+"/control", 1, true, wire.Marshal(&pb.TemperatureControl{
		SensorID: &h.SensorID, Desired: &desired, UpDelta: proto.Float64(pushedDelta), DownDelta: proto.Float64(pushedDelta),
		Id: proto.String(newID()), Source: proto.String("heater"),
	}))
	h.Log.Info("setpoint pushed", "zone", h.zone, "desired", desired)
}
