package replay

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"thermostat/agent/cli"
	"thermostat/agent/config"
	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/mqtt/setpoint"
)

// Command is `thermostat replay`.
func Command() *cobra.Command {
	var file string
	var plan bool
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Decide on recorded readings and setpoints, one JSON line in, one decision out",
		Long: `Reads JSON lines from stdin and answers each with one line at once:
  {"time":"2026-01-31T12:00:00Z","sensor_id":7,"temperature":20.5}
  {"time":"2026-01-31T12:00:00Z","sensor_id":7,"desired":21,"mode":"heat"}
  {"time":"2026-01-31T12:00:00Z","sensor_id":7,"verdict":"too_fast"}
  {"time":"2026-01-31T12:00:00Z","sensor_id":7,"target":"program","mode":"heat","desired":21,"up_delta":0.3,"down_delta":0.3,"auto":true,"ahead":true,"next":{"at":"2026-01-31T22:30:00Z","desired":17}}
  {"time":"2026-01-31T12:00:00Z","sensor_id":7,"verdict":"no_reading","learned":"..."}
  {"time":"2026-01-31T12:00:00Z","sensor_id":7,"program":"06:30 comfort, 22:30 sleep"}
Law and timers are those of run; time is the records' own. A verdict instead of a temperature
is an answer without a reading; "no_reading" is a start of the agent, and "learned" beside it what
it knew of the room. Beside a temperature may stand
"heater":"on", "cooler":"off" and "outdoor":3.5, from which simulate --trace learns.

A target is what the law was given from then on; a zone that has had one aims at the last of them,
and at nothing else; with "ahead" the law may look ahead to "next". A zone without any plans by the configuration, by its setpoints and by program
records, the last week of which counts ("" is none), and does not preheat, since no log tells what
a room had learned; with --plan every zone does so. What records
of one moment say is one decision: of their answers the last counts.`,
		Args: cli.NoFile,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.LoadOrExit(cmd, file)
			if err != nil {
				return err
			}
			operator := New(cfg)
			operator.Plan = plan
			return operator.Run(cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&file, "config", cli.DefaultConfig, "the configuration `FILE`")
	cmd.Flags().BoolVar(&plan, "plan", false, "plan by the configuration and by program records, whatever targets the log has")
	return cmd
}

// MaxLine bounds a line of input, in bytes.
const MaxLine = 1 << 20

// Decision is one line of output.
type Decision struct {
	Time     time.Time          `json:"time"`
	SensorID int32              `json:"sensor_id"`
	Heater   string             `json:"heater"`
	Cooler   string             `json:"cooler"`
	Action   string             `json:"action"`
	Reason   controlloop.Reason `json:"reason"`
	Changed  bool               `json:"changed"`
}

// Operator is the operator keyed by sensor.
type Operator struct {
	Zones map[int32]*Zone
	Plan  bool // also where the log tells the targets
}

// New has a zone for each of a configuration.
func New(cfg config.Config) *Operator {
	r := &Operator{Zones: map[int32]*Zone{}}
	for _, z := range cfg.Zones {
		r.Zones[z.SensorID] = &Zone{
			judge:  setpoint.Zone{Name: z.Name, SensorID: z.SensorID, Params: z.Params, Default: z.Default, Comfort: z.Comfort},
			sensor: z.Devices.Sensor.Correction(),
			memory: memory{setpoint: comfort.Begin(z.Default), week: z.Comfort.Week},
		}
	}
	return r
}

// Run answers line by line, each at once, so that another program can wait for
// the answer. A bad line is answered with an error; the run then ends in exit 1.
func (r *Operator) Run(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, MaxLine)
	bad := 0
	n := 0
	for lines.Scan() {
		n++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var answer any
		d, err := r.line(lines.Bytes())
		if answer = d; err != nil {
			bad++
			answer = map[string]string{"error": fmt.Sprintf("line %d: %v", n, err)}
		}
		if err := WriteLine(out, answer); err != nil {
			return cli.Failed(err)
		}
	}
	if err := lines.Err(); err != nil {
		err = fmt.Errorf("line %d: %w (at most %d bytes a line)", n+1, err, MaxLine)
		return cli.Failed(errors.Join(err, WriteLine(out, map[string]string{"error": err.Error()})))
	}
	if bad > 0 {
		return cli.Failed(fmt.Errorf("%d of %d lines were bad", bad, n))
	}
	return nil
}

// WriteLine writes a value as a line of JSON.
func WriteLine(out io.Writer, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = out.Write(append(text, '\n'))
	return err
}

func (r *Operator) line(text []byte) (Decision, error) {
	rec, err := ParseRecord(text)
	if err != nil {
		return Decision{}, err
	}
	z := r.Zones[*rec.SensorID]
	if z == nil {
		return Decision{}, fmt.Errorf("sensor_id %d is in no zone of the configuration", *rec.SensorID)
	}
	n, err := z.read(rec)
	if err != nil {
		return Decision{}, err
	}
	if r.Plan {
		n.target = nil
	}
	return z.take(n), nil
}
