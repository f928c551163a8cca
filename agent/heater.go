package main

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"thermostat/agent/cli"
	"thermostat/agent/reach"
	"thermostat/drivers/simulated"
	"thermostat/mqtt/client"
)

// heaterFlags are what a simulated heater may be.
type heaterFlags struct {
	remote          reach.Flags
	sensorID        int32
	start           float64
	up, down, every time.Duration
	setpoints       time.Duration
}

// firstTemperature is where the published example begins, in °C.
const firstTemperature = 42

func heaterCommand() *cobra.Command {
	var f heaterFlags
	cmd := &cobra.Command{
		Use:   "heater",
		Short: "Run a simulated heater as a process on the broker",
		Long: `Publishes SensorData on <prefix>/heaters/N/sensor and obeys HeaterControl on
<prefix>/heaters/N/heater: a retained On is ignored, and without a new On for 30 s it lets go.
With "run" on mqtt drivers between them (examples/original.yaml) this is the published example.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.remote.Register(cmd)
	cli.WholeVar(cmd.Flags(), &f.sensorID, "sensor-id", 12345, "the `N` of its topics and messages")
	cli.NumberVar(cmd.Flags(), &f.start, "start", firstTemperature, "°C at the beginning")
	cmd.Flags().DurationVar(&f.up, "up", time.Minute, "the time in which it gains 1 °C while on")
	cmd.Flags().DurationVar(&f.down, "down", 2*time.Minute, "the time in which it loses 1 °C while off")
	cmd.Flags().DurationVar(&f.every, "every", time.Second, "the time between two readings")
	cmd.Flags().DurationVar(&f.setpoints, "setpoints", 0, "push a random setpoint of 45 ± 5 °C to the sensor's zone at once and then this often (0: never)")
	return cmd
}

// check gives the first flag that is out of its bounds.
func (f *heaterFlags) check(room simulated.Spec) error {
	for _, v := range room.Validate() {
		return fmt.Errorf("%s: %s %s", v.Field, v.Value, v.Bound)
	}
	switch {
	case f.sensorID < 1:
		return fmt.Errorf("sensor-id: %d is outside 1..%d", f.sensorID, 1<<31-1)
	case f.every < 10*time.Millisecond || f.every > time.Hour:
		return fmt.Errorf("every: %v is outside 10ms..1h", f.every)
	case f.setpoints != 0 && f.setpoints < time.Second:
		return fmt.Errorf("setpoints: %v is less than 1s", f.setpoints)
	}
	return nil
}

func (f *heaterFlags) run(cmd *cobra.Command) error {
	spec := simulated.SpecOf("linear")
	spec.Start, spec.Up, spec.Down, spec.Noise = f.start, f.up, f.down, 0
	if err := f.check(spec); err != nil {
		return cli.Exit(cli.ExitUsage, err)
	}
	w, err := f.remote.Resolve(cmd)
	if err != nil {
		return err
	}
	room := simulated.NewRoom(spec)
	h := &client.Heater{
		Access: w.Access, SensorID: f.sensorID, Every: f.every, Push: f.setpoints,
		Device: f.remote.Value("device"), // without it the sensor's zone may be any agent's
		Sensor: room.Sensor(), Relay: room.Heater(), Log: slog.With("sensor", f.sensorID),
	}
	return cli.Failed(h.Run(cmd.Context()))
}
