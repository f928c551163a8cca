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
	"google.golang.org/protobuf/proto"

	"thermostat/agent/cli"
	"thermostat/agent/config"
	"thermostat/controlloop"
	"thermostat/mqtt/setpoint"
	pb "thermostat/proto"
)

// Command is `thermostat replay`.
func Command() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Decide on recorded readings and setpoints, one JSON line in, one decision out",
		Long: `Reads JSON lines from stdin and answers each with one line at once:
  {"time":"2026-01-31T12:00:00Z","sensor_id":7,"temperature":20.5}
  {"time":"2026-01-31T12:00:00Z","sensor_id":7,"desired":21,"mode":"heat"}
  {"time":"2026-01-31T12:00:00Z","sensor_id":7,"verdict":"too_fast"}
Law and timers are those of run; time is the records' own. A verdict instead of a temperature
is an answer without a reading; "no_reading" is a start of the agent. Beside a temperature may stand
"heater":"on", "cooler":"off" and "outdoor":3.5, from which simulate --trace learns.`,
		Args: cli.NoFile,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.LoadOrExit(cmd, file)
			if err != nil {
				return err
			}
			return New(cfg).Run(cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&file, "config", cli.DefaultConfig, "the configuration `FILE`")
	return cmd
}

// MaxLine bounds a line of input, in bytes.
const MaxLine = 1 << 20

// absoluteZero is the coldest there is, in °C.
const absoluteZero = -273.15

// Record is one line of input: a reading, a setpoint, or the verdict of an
// answer that was no reading. What ran and how cold
// it was outdoors may stand beside a reading: simulate learns from it, the law
// does not look at it.
type Record struct {
	Time        *time.Time `json:"time"`
	SensorID    *int32     `json:"sensor_id"`
	Temperature *float64   `json:"temperature"`
	Desired     *float64   `json:"desired"`
	UpDelta     *float64   `json:"up_delta"`
	DownDelta   *float64   `json:"down_delta"`
	Mode        *string    `json:"mode"`
	Verdict     *string    `json:"verdict"`
	Heater      *string    `json:"heater"`
	Cooler      *string    `json:"cooler"`
	Outdoor     *float64   `json:"outdoor"`

	AtSwitch bool // heater and cooler are told at the moment when they switch
}

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
type Operator struct{ Zones map[int32]*Zone }

// Zone is one zone of a log, as the operator remembers it.
type Zone struct {
	params   controlloop.Params
	judge    setpoint.Zone
	setpoint controlloop.Setpoint
	state    controlloop.State
	last     time.Time // of the last record
	born     time.Time // the start: of the agent, or of the records; zero: not yet
	tick     time.Time // the next one between records
	heater   bool      // as last told
	cooler   bool
}

// New has a zone for each of a configuration.
func New(cfg config.Config) *Operator {
	r := &Operator{Zones: map[int32]*Zone{}}
	for _, z := range cfg.Zones {
		r.Zones[z.SensorID] = &Zone{
			params: z.Params, setpoint: z.Default,
			judge: setpoint.Zone{Name: z.Name, SensorID: z.SensorID, Params: z.Params, Default: z.Default},
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
	return z.take(rec)
}

// ParseRecord reads a line of a log.
func ParseRecord(text []byte) (Record, error) {
	var rec Record
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&rec); err != nil {
		return rec, fmt.Errorf("not a record: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return rec, errors.New("something follows the record")
	}
	setpoint := rec.Desired != nil || rec.UpDelta != nil || rec.DownDelta != nil || rec.Mode != nil
	switch {
	case rec.Time == nil:
		return rec, errors.New("time is missing")
	case rec.SensorID == nil:
		return rec, errors.New("sensor_id is missing")
	case count(rec.Temperature != nil, setpoint, rec.Verdict != nil) != 1:
		return rec, errors.New("want either temperature or a setpoint (desired, up_delta, down_delta, mode), or a verdict")
	}
	return rec, rec.Check()
}

// Check judges a reading and what may stand beside it.
func (rec Record) Check() error {
	if rec.Temperature != nil && *rec.Temperature < absoluteZero {
		return fmt.Errorf("temperature: %v is below %v °C", *rec.Temperature, absoluteZero)
	}
	return rec.checkBeside()
}

func count(all ...bool) (n int) {
	for _, is := range all {
		if is {
			n++
		}
	}
	return n
}

// checkBeside judges what may stand beside a reading.
func (rec Record) checkBeside() error {
	if rec.Temperature == nil && (rec.Heater != nil || rec.Cooler != nil || rec.Outdoor != nil) {
		return errors.New("heater, cooler and outdoor belong beside a temperature")
	}
	for name, word := range map[string]*string{"heater": rec.Heater, "cooler": rec.Cooler} {
		if word != nil && *word != "on" && *word != "off" {
			return fmt.Errorf("%s: %s is none of on, off", name, config.Shown(*word))
		}
	}
	if o := rec.Outdoor; o != nil && !(-90 <= *o && *o <= 60) {
		return fmt.Errorf("outdoor: %v is outside -90..60 °C", *o)
	}
	return nil
}

// take brings the zone to the record's time and decides.
func (z *Zone) take(rec Record) (Decision, error) {
	now := *rec.Time
	if now.Before(z.last) {
		return Decision{}, fmt.Errorf("time %s is before the last record's %s", now.Format(time.RFC3339Nano), z.last.Format(time.RFC3339Nano))
	}
	sp := z.setpoint
	if rec.Temperature == nil && rec.Verdict == nil {
		var err error
		if sp, err = z.Read(rec); err != nil {
			return Decision{}, err
		}
	}
	first := z.born.IsZero() // a log may begin after the agent's start: then its first record is one
	if first || rec.Verdict != nil && *rec.Verdict == string(controlloop.VerdictNoReading) {
		z.begin(now)
	}
	z.stepUntil(now)
	z.last, z.setpoint = now, sp
	in := controlloop.Input{Now: now, Setpoint: sp}
	if rec.Temperature != nil {
		in.Reading = controlloop.Temperature(*rec.Temperature, now)
	}
	z.state = controlloop.Decide(z.params, z.state, in)
	return z.decision(now), nil
}

// begin is a start of the agent: everything is off, what was before is known as
// the state folder would know it, and the ticks begin anew.
func (z *Zone) begin(now time.Time) {
	past := controlloop.Past{}
	if !z.last.IsZero() {
		past.Heater, past.Cooler = pastOf(z.state.Heater, now), pastOf(z.state.Cooler, now)
	}
	z.state, z.tick, z.born = past.Begin(z.params, now), now, now
}

func pastOf(o controlloop.Output, now time.Time) controlloop.PastOutput {
	return controlloop.PastOutput{Known: true, On: o.On, Off: now.Sub(o.Since), Why: o.Why}
}

// Read gives the control of a record, judged as the agent judges it.
func (z *Zone) Read(rec Record) (controlloop.Setpoint, error) {
	c := &pb.TemperatureControl{Desired: rec.Desired, UpDelta: rec.UpDelta, DownDelta: rec.DownDelta, Source: proto.String("replay")}
	if rec.Mode != nil {
		m, err := controlloop.ParseMode(*rec.Mode)
		if err != nil {
			return controlloop.Setpoint{}, err
		}
		c.Mode = pb.Mode(m).Enum()
	}
	return z.judge.Setpoint(c)
}

// stepUntil makes the decisions of the ticks before now. Without a reading, once
// the last one is stale and the duty that may follow is over, everything is off
// and stays so: a gap of years costs nothing.
func (z *Zone) stepUntil(now time.Time) {
	read := z.state.Reading.At
	if read.Before(z.born) {
		read = z.born
	}
	quiet := read.Add(z.params.StaleAfter + z.params.Loss.For + 2*z.params.Sample)
	for z.tick.Before(now) && !z.tick.After(quiet) {
		z.state = controlloop.Decide(z.params, z.state, controlloop.Input{Now: z.tick, Setpoint: z.setpoint})
		z.tick = z.tick.Add(z.params.Sample)
	}
	if z.tick.Before(now) { // modulo first: the sum of two durations may overflow
		z.tick = now.Add(-(now.Sub(z.tick) % z.params.Sample))
	}
	if !z.tick.After(now) { // the record's own decision is this tick
		z.tick = z.tick.Add(z.params.Sample)
	}
}

func (z *Zone) decision(now time.Time) Decision {
	heater, cooler := z.state.Heater.On, z.state.Cooler.On
	d := Decision{
		Time: now, SensorID: z.judge.SensorID, Heater: cli.OnOff(heater), Cooler: cli.OnOff(cooler),
		Action: z.state.Action.String(), Reason: z.state.Reason,
		Changed: heater != z.heater || cooler != z.cooler,
	}
	z.heater, z.cooler = heater, cooler
	return d
}
