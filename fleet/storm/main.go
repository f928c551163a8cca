// Command storm connects many agents to a broker, kills it, brings it back, and
// prints how they return, a line for each second:
//
//	go run ./storm --broker mosquitto
//	go run ./storm --broker cluster            # all three nodes die
//	go run ./storm --broker cluster --victims 1 --down 0s
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"thermostat/fleet/cluster"
)

type options struct {
	broker  string
	agents  int
	victims int
	down    time.Duration
	show    time.Duration
}

func main() {
	cluster.MayBeNode()
	var o options
	flag.StringVar(&o.broker, "broker", "mosquitto", "mosquitto or cluster")
	flag.IntVar(&o.agents, "agents", 1000, "how many agents")
	flag.IntVar(&o.victims, "victims", 3, "how many nodes of the cluster die")
	flag.DurationVar(&o.down, "down", 2*time.Minute, "how long the broker is away")
	flag.DurationVar(&o.show, "show", 70*time.Second, "how much of the return is shown")
	flag.Parse()
	if err := o.run(); err != nil {
		fmt.Fprintln(os.Stderr, "storm:", err)
		os.Exit(1)
	}
}

func (o options) run() error {
	dir, err := os.MkdirTemp("", "storm")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b, err := o.open(dir)
	if err != nil {
		return err
	}
	defer b.stop()
	if err := b.start(); err != nil {
		return err
	}
	ctx, end := context.WithTimeout(context.Background(), time.Hour)
	defer end()
	if err := b.ready(ctx); err != nil {
		return err
	}
	a := newAgents()
	for i := range o.agents {
		a.start(ctx, nameOf(i), b.urls(i))
	}
	began := time.Now()
	if err := o.settle(b, a, 20.5); err != nil {
		return err
	}
	fmt.Printf("%d agents connected and commanded after %.1f s; resident:%s, agents %s\n",
		o.agents, time.Since(began).Seconds(), b.memory(), residentMiB(os.Getpid()))
	return o.storm(ctx, b, a)
}

func (o options) open(dir string) (broker, error) {
	if o.broker == "mosquitto" {
		return newMosquitto(dir)
	}
	c, err := cluster.New(dir, 3, (*cluster.Cluster).Config)
	return &nodes{c, o.victims}, err
}

// settle waits until all are connected, and then until all obey.
func (o options) settle(b broker, a *agents, desired float64) error {
	for a.online() < o.agents {
		time.Sleep(100 * time.Millisecond)
	}
	if err := o.command(b, desired); err != nil {
		return err
	}
	for a.obeying(desired) < o.agents {
		time.Sleep(100 * time.Millisecond)
	}
	return nil
}

// storm kills the broker, brings it back with a new setpoint for everybody, and
// shows who comes when.
func (o options) storm(ctx context.Context, b broker, a *agents) error {
	b.kill()
	killed := time.Now()
	time.Sleep(o.down)
	if err := b.start(); err != nil {
		return err
	}
	zero := time.Now()
	if o.down == 0 {
		zero = killed
	}
	if err := o.commandUntil(ctx, b, 19.5); err != nil {
		return err
	}
	fmt.Printf("all new setpoints acknowledged %.1f s after the broker was back\n", time.Since(zero).Seconds())
	for a.online() < o.agents || a.obeying(19.5) < o.agents {
		time.Sleep(100 * time.Millisecond)
		if time.Since(zero) > 10*time.Minute {
			return fmt.Errorf("after 10 minutes %d are connected, %d obey", a.online(), a.obeying(19.5))
		}
	}
	for time.Since(zero) < o.show {
		time.Sleep(time.Second)
	}
	o.print(zero, a)
	fmt.Printf("resident:%s, agents %s\n", b.memory(), residentMiB(os.Getpid()))
	return nil
}

// commandUntil commands everybody as soon as the broker takes it.
func (o options) commandUntil(ctx context.Context, b broker, desired float64) error {
	for {
		err := o.command(b, desired)
		if err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(250 * time.Millisecond)
	}
}

// command retains a setpoint for every agent.
func (o options) command(b broker, desired float64) error {
	c, err := b.dial()
	if err != nil {
		return err
	}
	defer c.Disconnect(0)
	var tokens []paho.Token
	for i := range o.agents {
		tokens = append(tokens, c.Publish("thermostat/"+nameOf(i)+"/room/control", 1, true, fmt.Sprintf(`{"desired":%g,"mode":"heat"}`, desired)))
	}
	for _, t := range tokens {
		if err := cluster.Acknowledged(t, 30*time.Second); err != nil {
			return err
		}
	}
	return nil
}

// print draws connections and obedience by second.
func (o options) print(zero time.Time, a *agents) {
	connections, obeyed := a.connections(zero), a.since(19.5)
	begun, obeying := bySecond(zero, connections, o.show), bySecond(zero, obeyed, o.show)
	fmt.Printf("%d connections; from then on all connected and obeying: %.1f s\n", len(connections), obeyed[len(obeyed)-1].Sub(zero).Seconds())
	fmt.Println("  s  connections  obey, in all")
	sum := 0
	for s := range begun {
		sum += obeying[s]
		fmt.Printf("%3d %12d %13d  %s\n", s, begun[s], sum, strings.Repeat("#", (begun[s]+4)/5))
	}
}

// bySecond counts moments in each second after zero; what is later is left out.
func bySecond(zero time.Time, moments []time.Time, show time.Duration) []int {
	counts := make([]int, int(show.Seconds()))
	for _, at := range moments {
		if s := int(at.Sub(zero).Seconds()); 0 <= s && s < len(counts) {
			counts[s]++
		}
	}
	return counts
}
