package mqtt

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/mqtt/client"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
	pb "thermostat/proto"
)

// TestTheExampleHeaterObeysAndLetsGo: the published example's heater.
func TestTheExampleHeaterObeysAndLetsGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		relay := &switchSeen{}
		heater := &client.Heater{
			Access: h.access(), SensorID: 7, Every: time.Second,
			Sensor: fakeSensor{42}, Relay: relay, Log: slog.New(slog.DiscardHandler),
		}
		on := wire.Marshal(&pb.HeaterControl{SensorID: &heater.SensorID})
		must(t, h.server.Publish("thermostat/heaters/7/heater", on, true, 0))
		ctx, end := context.WithCancel(t.Context())
		h.wait.Go(func() { must(t, heater.Run(ctx)) })
		step := func(what string, want bool) {
			t.Helper()
			synctest.Wait()
			if relay.on.Load() != want {
				t.Errorf("%s: on %v", what, !want)
			}
		}
		time.Sleep(2 * time.Second)
		step("a retained On", false)
		if payload, n := h.told("thermostat/heaters/7/sensor"); n < 1 || !strings.Contains(payload, "\x08\x07") {
			t.Errorf("%d readings, the last %q", n, payload)
		}
		h.say("thermostat/heaters/7/heater", string(on), false)
		step("an On", true)
		time.Sleep(client.HeaterLease - time.Second)
		h.say("thermostat/heaters/7/heater", string(on), false)
		time.Sleep(client.HeaterLease - time.Second)
		step("an On again, within the lease", true)
		time.Sleep(1100 * time.Millisecond)
		step("no On for the lease", false)
		h.say("thermostat/heaters/7/heater", "", false)
		h.say("thermostat/heaters/7/heater", string(wire.Marshal(&pb.HeaterControl{Reason: ptr("x")})), false)
		step("an empty message, and one for nobody", false)
		h.say("thermostat/heaters/7/heater", string(on), false)
		step("an On", true)
		off := pb.HeaterCommand_Off
		h.say("thermostat/heaters/7/heater", string(wire.Marshal(&pb.HeaterControl{SensorID: &heater.SensorID, Command: &off})), false)
		step("an Off", false)
		h.say("thermostat/heaters/7/heater", string(on), false)
		h.stopBroker()
		time.Sleep(client.HeaterLease + time.Second)
		step("the broker away for the lease", false)
		h.startBroker()
		time.Sleep(2 * time.Minute)
		h.say("thermostat/heaters/7/heater", string(on), false)
		step("an On after the broker's return", true)
		end()
		h.wait.Wait()
		step("the end", false)
		h.stopBroker()
		time.Sleep(time.Minute)
	})
}

type switchSeen struct{ on atomic.Bool }

func (s *switchSeen) Set(on bool) error { s.on.Store(on); return nil }

// TestTheExampleHeaterPushesSetpoints: random setpoints for whatever zone has its sensor, 45 ± 5 °C.
func TestTheExampleHeaterPushesSetpoints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		ctx, end := context.WithCancel(t.Context())
		heater := &client.Heater{
			Access: h.access(), SensorID: 7, Every: time.Second, Push: time.Minute,
			Sensor: fakeSensor{42}, Relay: &switchSeen{}, Log: slog.New(slog.DiscardHandler),
		}
		h.wait.Go(func() { must(t, heater.Run(ctx)) })
		time.Sleep(90 * time.Second)
		h.say("thermostat/cabin/info", `{"zones":{"other":{"sensor_id":8},"living":{"sensor_id":7}}}`, true)
		time.Sleep(10*time.Minute + 30*time.Second)
		payload, n := h.told("thermostat/cabin/living/control")
		if n < 10 || n > 12 {
			t.Errorf("%d setpoints in ten minutes", n)
		}
		c, err := setpoint.DecodeControl([]byte(payload))
		if err != nil || c.GetSensorID() != 7 || c.GetDesired() < 40 || c.GetDesired() > 50 || c.GetUpDelta() != 1 || c.GetDownDelta() != 1 {
			t.Errorf("%v %v", c, err)
		}
		if h.retained("living/control") == nil {
			t.Error("the setpoint is not retained")
		}
		end()
		h.wait.Wait()
		h.stopBroker()
		time.Sleep(time.Minute)
	})
}
