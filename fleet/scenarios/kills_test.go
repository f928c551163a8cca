package scenarios

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"google.golang.org/protobuf/proto"

	"thermostat/fleet/cluster"
	"thermostat/fleet/rig"
	pb "thermostat/proto"
)

var (
	kills = flag.Int("kills", 6, "how many nodes TestKilledNodesPauseNoControlLoop kills")
	pause = flag.Duration("pause", 0, "how long TestKilledNodesPauseNoControlLoop leaves the cluster in peace between two kills")
)

// orders are all ways to list three brokers.
var orders = [][]int{{0, 1, 2}, {1, 2, 0}, {2, 0, 1}, {0, 2, 1}, {1, 0, 2}, {2, 1, 0}}

// The test kills the nodes of a cluster in turn and changes every
// agent's setpoint right after each kill. No control loop pauses; once the
// cluster is whole again every agent obeys the newest acknowledged setpoint,
// and every node retains it.
func TestKilledNodesPauseNoControlLoop(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes of kills")
	}
	c := startCluster(t, (*cluster.Cluster).Config)
	heal(t, c, nil)
	f := startFleet(t, c)
	for round := range *kills {
		victim := c.Nodes[round%len(c.Nodes)]
		killed := f.round(t, victim)
		heal(t, c, nil)
		f.checkRetained(t)
		f.checkStates(t)
		f.allConnected(t)
		f.takeTimes(t, round, killed)
		time.Sleep(*pause)
	}
	f.report(t)
	for _, d := range f.devices {
		t.Logf("%s: longest time between two ticks %v", d.Name, d.CheckPauses(t))
	}
}

// fleet is some agents on a cluster, and the operator who commands them.
type fleet struct {
	c       *cluster.Cluster
	devices []*rig.Device
	said    int                // numbers the setpoints, so that each is unlike all others
	want    map[string]float64 // newest acknowledged, by device
	times   map[string][]time.Duration
}

func startFleet(t *testing.T, c *cluster.Cluster) *fleet {
	f := &fleet{c: c, want: map[string]float64{}, times: map[string][]time.Duration{}}
	for i, order := range orders {
		var urls []string
		for _, n := range order {
			urls = append(urls, "mqtt://"+c.Nodes[n].MQTT)
		}
		f.devices = append(f.devices, rig.StartDevice(t, fmt.Sprintf("dev%d", i), rig.Brokers(urls)))
	}
	for _, d := range f.devices {
		d.Says("broker connected")
	}
	return f
}

// round kills a node, commands every agent through the others, and waits until
// each has answered.
func (f *fleet) round(t *testing.T, victim *cluster.Node) (killed time.Time) {
	t.Helper()
	killed = time.Now()
	victim.Kill()
	alive := slices.DeleteFunc(slices.Clone(f.c.Nodes), func(n *cluster.Node) bool { return !n.Running() })
	var commands sync.WaitGroup
	for i, d := range f.devices {
		f.said++
		want := 10 + float64(f.said)/1000
		f.want[d.Name] = want
		commands.Go(func() { f.set(t, alive[i%len(alive)], d.Name, want) })
	}
	commands.Wait()
	f.note("`set` says applied", time.Since(killed))
	return killed
}

// set commands an agent as a person does: `thermostat set`, and again while it
// says that there was no answer.
func (f *fleet) set(t *testing.T, n *cluster.Node, device string, desired float64) {
	for end := time.Now().Add(rig.Patience); time.Now().Before(end); {
		p := rig.Start(t, rig.Thermostat(t), "set", "room", fmt.Sprint(desired), "--device", device, "--broker", "mqtt://"+n.MQTT, "--timeout", "4s")
		switch p.Code() {
		case 0:
			return
		case 4:
		default:
			t.Logf("set for %s ends with %d: %s", device, p.Code(), p.Output())
		}
	}
	t.Errorf("%s never answers", device)
}

// allConnected waits for those that were cut off last.
func (f *fleet) allConnected(t *testing.T) {
	t.Helper()
	for _, d := range f.devices {
		rig.Eventually(t, func() error {
			lost := d.LogAfter(t, time.Time{}, `msg="broker lost`)
			back := d.LogAfter(t, time.Time{}, `msg="broker connected"`)
			if len(back) <= len(lost) {
				return fmt.Errorf("%s does not come back:\n%s", d.Name, d.Output())
			}
			return nil
		})
	}
}

// takeTimes takes a round's times from the agents' logs.
func (f *fleet) takeTimes(t *testing.T, round int, killed time.Time) {
	for _, d := range f.devices {
		inForce := d.LogAfter(t, killed, f.obeys(d))[0].At.Sub(killed)
		f.note("in force", inForce)
		lost := d.LogAfter(t, killed, `msg="broker lost`)
		back := d.LogAfter(t, killed, `msg="broker connected"`)
		switch {
		case len(lost) == 0:
			t.Logf("kill %d, %s: not cut off, in force after %.1f s", round, d.Name, inForce.Seconds())
			continue
		case len(back) == 0: // cut off only now, by a surviving node
			t.Logf("kill %d, %s: cut off after %.1f s and not back yet, in force after %.1f s", round, d.Name, lost[0].At.Sub(killed).Seconds(), inForce.Seconds())
			continue
		case lost[0].At.Sub(killed) < time.Second:
			f.note("in force, agents of the killed node", inForce)
			f.note("reconnected, agents of the killed node", back[0].At.Sub(killed))
		default: // a surviving node has cut it off: no acknowledgement within its own time
			f.note("reconnected, agents that a surviving node cut off", back[0].At.Sub(killed))
		}
		t.Logf("kill %d, %s: cut off after %.1f s, connected after %.1f s, in force after %.1f s",
			round, d.Name, lost[0].At.Sub(killed).Seconds(), back[0].At.Sub(killed).Seconds(), inForce.Seconds())
	}
}

func (f *fleet) obeys(d *rig.Device) string { return fmt.Sprintf("desired=%v ", f.want[d.Name]) }

func (f *fleet) note(what string, d time.Duration) { f.times[what] = append(f.times[what], d) }

// report prints the figures for bench/README.md.
func (f *fleet) report(t *testing.T) {
	for _, what := range slices.Sorted(maps.Keys(f.times)) {
		all := f.times[what]
		slices.Sort(all)
		at := func(q float64) string { return fmt.Sprintf("%.1f", all[int(q*float64(len(all)-1)+0.5)].Seconds()) }
		t.Logf("figure: kill → %s, s, n = %d: median %s, p90 %s, p99 %s, max %s", what, len(all), at(0.5), at(0.9), at(0.99), at(1))
	}
}

// checkRetained: every node retains every agent's newest acknowledged control.
func (f *fleet) checkRetained(t *testing.T) {
	t.Helper()
	for _, n := range f.c.Nodes {
		f.check(t, n, "control")
	}
}

// checkStates: every agent shows on every node that it obeys it.
func (f *fleet) checkStates(t *testing.T) {
	t.Helper()
	for _, n := range f.c.Nodes {
		f.check(t, n, "state")
	}
}

func (f *fleet) check(t *testing.T, n *cluster.Node, what string) {
	t.Helper()
	rig.Eventually(t, func() error {
		shown, err := retained(n, "thermostat/+/room/"+what, len(f.devices))
		if err != nil {
			return err
		}
		for _, d := range f.devices {
			payload := shown["thermostat/"+d.Name+"/room/"+what]
			if desiredIn(payload) != f.want[d.Name] {
				return fmt.Errorf("%s of %s on %s is %q, want desired %v", what, d.Name, n.Name, payload, f.want[d.Name])
			}
		}
		return nil
	})
}

// desiredIn reads a state, or a control in either of its forms.
func desiredIn(payload []byte) float64 {
	var state struct{ Desired float64 }
	if json.Unmarshal(payload, &state) == nil {
		return state.Desired
	}
	var c pb.TemperatureControl
	proto.Unmarshal(payload, &c) // what cannot be read names no temperature
	return c.GetDesired()
}

// retained gives what a node retains below a filter, by topic.
func retained(n *cluster.Node, filter string, count int) (map[string][]byte, error) {
	c, err := n.Dial(nil)
	if err != nil {
		return nil, err
	}
	defer c.Disconnect(0)
	messages := make(chan paho.Message, 1000)
	token := c.Subscribe(filter, 0, func(_ paho.Client, m paho.Message) { messages <- m })
	if err := cluster.Acknowledged(token, 5*time.Second); err != nil {
		return nil, err
	}
	found := map[string][]byte{}
	for late := time.After(5 * time.Second); len(found) < count; {
		select {
		case m := <-messages:
			if m.Retained() {
				found[m.Topic()] = slices.Clone(m.Payload())
			}
		case <-late:
			return found, fmt.Errorf("%s retains only %d of %d %s: %v", n.Name, len(found), count, filter, slices.Sorted(maps.Keys(found)))
		}
	}
	return found, nil
}
