package setpoint

import (
	"math"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	pb "thermostat/proto"
)

// encodeControl makes the complete control that means a setpoint. In mode auto it says
// what is aimed at now, too, for version 1.0, which knows no program.
func encodeControl(z Zone, sp controlloop.Setpoint, now time.Time) []byte {
	c := z.wire(sp)
	if aimed := z.Comfort.Target(sp, now, z.clock()).Setpoint; sp.Mode == controlloop.ModeAuto {
		c.Mode = WireMode(max(aimed.Mode, controlloop.ModeOff))
		if c.Desired == nil && !math.IsNaN(aimed.Desired) {
			c.Desired = &aimed.Desired
		}
	}
	c.SensorID, c.Id, c.Source = proto.Int32(z.SensorID), proto.String(sp.ID), proto.String(sp.Source)
	payload, err := proto.MarshalOptions{Deterministic: true}.Marshal(c)
	if err != nil {
		panic(err) // only text that is not UTF-8 can do this, and ours is
	}
	return payload
}

// complete names the temperature of a preset, and the end of a hold until the next
// transition: a control of ours says both, and means the same to who knows neither
// presets nor programs.
func (z Zone) complete(sp controlloop.Setpoint, now time.Time) controlloop.Setpoint {
	clock := z.clock()
	if end, ends := z.Comfort.End(sp, now, clock); ends && sp.Until.IsZero() && sp.For == 0 {
		if sp.Until = end; !clock.Trusted {
			sp.Until, sp.For = time.Time{}, max(end.Sub(sp.Accepted), time.Second)
		}
	}
	return z.named(sp)
}

// named names the temperatures of presets.
func (z Zone) named(sp controlloop.Setpoint) controlloop.Setpoint {
	sp.Desired = z.Comfort.Temperature(sp)
	if sp.Then != nil {
		then := z.named(*sp.Then)
		sp.Then = &then
	}
	return sp
}

// wire is what a setpoint says. Mode auto is told by program alone: version 1.0
// refuses a mode that it does not know.
func (z Zone) wire(sp controlloop.Setpoint) *pb.TemperatureControl {
	c := &pb.TemperatureControl{Mode: WireMode(sp.Mode), UpDelta: proto.Float64(sp.UpDelta), DownDelta: proto.Float64(sp.DownDelta)}
	if sp.Mode == controlloop.ModeAuto {
		c.Program, c.Mode = proto.Bool(true), WireMode(z.Comfort.Mode)
	}
	if !math.IsNaN(sp.Desired) {
		c.Desired = proto.Float64(sp.Desired)
	}
	if sp.Preset != "" {
		c.Preset = proto.String(sp.Preset)
	}
	if !sp.Until.IsZero() {
		c.HoldUntil = timestamppb.New(sp.Until)
	}
	if sp.For > 0 {
		c.HoldS = proto.Float64(sp.For.Seconds())
	}
	if sp.Then != nil {
		c.Then = z.wire(*sp.Then)
	}
	return c
}

func (z Zone) clock() comfort.Clock {
	if z.Clock == nil {
		return comfort.Clock{Trusted: true}
	}
	return z.Clock()
}
