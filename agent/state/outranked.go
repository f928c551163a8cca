package state

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"thermostat/agent/cli"
	"thermostat/agent/config"
	"thermostat/controlloop/comfort"
	"thermostat/mqtt/setpoint"
)

// Outranked tells, for each zone whose configured setpoint or program does not count
// because another one was accepted earlier, what holds instead.
func Outranked(cfg config.Config) (lines []string) {
	err := eachRemembered(cfg, func(z config.Zone, c *setpoint.ControlArbiter, p *setpoint.ProgramArbiter) {
		plan := p.Plan()
		if week := plan.Week.String(); z.Comfort.HasProgram() && week != z.Comfort.Week.String() {
			lines = append(lines, fmt.Sprintf("zone %s: the configured program is outranked by what %s gave: %s; thermostat program %s --default follows the configured one", z.Name, p.Active().Author(), cmp.Or(week, "no program"), z.Name))
		}
		if sp := c.Active(); len(c.Memory().Cur) > 0 && z.Configured && !plan.HasProgram() && !sp.SameTarget(z.Default) {
			lines = append(lines, fmt.Sprintf("zone %s: default_setpoint is outranked by the last control: mode %s, desired %v °C", z.Name, sp.Mode, sp.Desired))
		}
	})
	if err != nil {
		lines = append(lines, "whether a control outranks default_setpoint is not known: "+cli.WithCure(err))
	}
	return lines
}

// Waiting tells, for each zone that was set by hand and has a program, that it waits. An
// agent that runs tells it in its log.
func Waiting(cfg config.Config) (lines []string) {
	_ = eachRemembered(cfg, func(z config.Zone, c *setpoint.ControlArbiter, p *setpoint.ProgramArbiter) { // Outranked tells what cannot be read
		plan := p.Plan()
		if waits := comfort.Waits(plan.Target(c.Active(), time.Now(), comfort.Clock{Trusted: true})); waits != "" {
			lines = append(lines, fmt.Sprintf("zone %s: %s; thermostat resume %s follows it", z.Name, waits, z.Name))
		}
	})
	return lines
}

// eachRemembered calls for each zone with what it would obey after a start. It ends where
// the files may not be read.
func eachRemembered(cfg config.Config, each func(config.Zone, *setpoint.ControlArbiter, *setpoint.ProgramArbiter)) error {
	mem := &Folder{Dir: cfg.StateDir}
	instance := mem.instance()
	for _, z := range cfg.Zones {
		control, controlErr := mem.Load(z.Name)
		program, programErr := mem.LoadProgram(z.Name)
		if err := errors.Join(controlErr, programErr); errors.Is(err, fs.ErrPermission) {
			return err
		}
		c, p := setpoint.NewArbiters(setpoint.Zone{
			Name: z.Name, SensorID: z.SensorID, Params: z.Params, Default: z.Default, Comfort: z.Comfort, Memory: control, ProgramMemory: program,
		}, instance, time.Time{})
		each(z, c, p)
	}
	return nil
}
