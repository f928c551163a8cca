package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/twmb/franz-go/pkg/kgo"

	"thermostat/agent/config"
	"thermostat/fleet/engine"
	"thermostat/mqtt/broker"
	"thermostat/mqtt/client"
)

// Options are what a bridge must know.
type Options struct {
	Site    string        // names the session on the broker and the place in the log: one running bridge has it
	Sensors Sensors       // those of this site; others are neither taken nor commanded
	MQTT    broker.Access // its Prefix is that of devices' topics
	Agents  string        // the prefix of agents' topics, which are copied to [TopicAgents]; empty: they are not
	Kafka   []string      // the brokers' addresses
	Log     *slog.Logger
	kgo     []kgo.Opt // of tests
}

// window is how many messages of one direction may be on their way at once.
const window = 1024

// groupSession is how long the log keeps a silent bridge's place for it alone. One that is started
// again has its name, and goes on at once.
const groupSession = 10 * time.Second

// steady is how long a connection lasts at least that counts as a good one.
const steady = 10 * time.Second

// Bridge carries messages between a site's broker and the log.
type Bridge struct {
	Options
	routes routes
	log    *kgo.Client
	counts counts
	batch  []*kgo.Record // commands that the broker has not acknowledged
	had    *setpoints

	mu     sync.Mutex
	spoken map[string]*broker.LogLimit // by text
}

// New prepares a bridge. It connects once [Bridge.Run] runs.
func New(o Options) (*Bridge, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if !config.DeviceForm.MatchString(o.Site) {
		return nil, fmt.Errorf("site %.40q is not of the form %v", o.Site, config.DeviceForm)
	}
	b := &Bridge{Options: o, had: newSetpoints(), spoken: map[string]*broker.LogLimit{}, routes: routes{prefix: o.MQTT.Prefix, agents: o.Agents, sensors: o.Sensors}}
	if err := b.routes.check(); err != nil {
		return nil, err
	}
	name := "thermostat-bridge-" + o.Site
	var err error
	b.log, err = kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(o.Kafka...), kgo.ClientID(name), kgo.MaxBufferedRecords(2 * window), kgo.WithHooks(b),
		kgo.ConsumerGroup(name), kgo.InstanceID(name), kgo.SessionTimeout(groupSession), kgo.HeartbeatInterval(groupSession / 6), kgo.RebalanceTimeout(groupSession), kgo.RequestTimeoutOverhead(groupSession / 2),
		kgo.ConsumeTopics(engine.TopicCommand), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.FetchMaxBytes(1 << 20),
		kgo.ConsumeResetOffset(kgo.NewOffset().AfterMilli(time.Now().Add(-client.HeaterLease).UnixMilli())), // what is older lets go by itself
		kgo.AutoCommitMarks(), kgo.AutoCommitInterval(time.Second),
	}, o.kgo...)...)
	return b, err
}

// OnBrokerConnect tells that the log cannot be reached; it is a hook of the client.
func (b *Bridge) OnBrokerConnect(_ kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if err != nil {
		b.warn("Kafka is not reached", "error", err)
	}
}

// warn logs what may come often, within a limit of its own text: what one device says must not hide that Kafka is away.
func (b *Bridge) warn(text string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spoken[text] == nil {
		b.spoken[text] = &broker.LogLimit{}
	}
	b.spoken[text].Log(b.Log, slog.LevelWarn, text, args...)
}

// Close ends the connection to the log.
func (b *Bridge) Close() { b.log.Close() }

// Run carries messages until the context ends, whatever of the two sides is away. It gives [MissingTopic] as soon as
// the log says so.
func (b *Bridge) Run(ctx context.Context) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	learned := make(chan error, 1)
	go func() {
		err := b.learn(ctx)
		if err != nil {
			end()
		}
		learned <- err
	}()
	b.carry(ctx)
	end()
	return <-learned
}

// carry connects to the broker again and again until the context ends.
func (b *Bridge) carry(ctx context.Context) {
	var last string
	for attempt := 0; ctx.Err() == nil; attempt++ {
		began := time.Now()
		entered, err := b.connection(ctx)
		if ctx.Err() != nil {
			return
		}
		if text := err.Error(); text != last {
			b.Log.Warn("the broker's connection has ended", "error", text)
			last = text
		}
		// The broker will say again what the log has not taken yet. It is waited for, else it would
		// be there once more after each connection.
		if b.log.Flush(ctx) != nil {
			return
		}
		if errors.Is(err, errUnread) && !b.had.await(ctx) {
			return
		}
		took := time.Since(began)
		if entered && took > steady {
			attempt, last = 0, ""
		}
		if entered {
			took = 0
		}
		broker.Backoff(ctx, attempt, took)
	}
}

// connection is the life of one connection to the broker. It gives whether there was one, and why it ended.
func (b *Bridge) connection(ctx context.Context) (entered bool, err error) {
	here, end := context.WithCancelCause(ctx)
	defer end(nil)
	in := newIntake(here, b, end)
	session := &broker.Session{}
	c, lost, failed := broker.Connect(here, broker.Login{Access: b.MQTT, ClientID: "thermostat-bridge-" + b.Site, Session: session}, in.take)
	if c == nil {
		return false, failed
	}
	defer broker.Leave(c)
	in.begin(session.Present)
	var both sync.WaitGroup
	both.Go(func() { end(in.acknowledge()) })
	both.Go(func() { end(b.serve(here, c, session.Present)) })
	select {
	case err := <-lost:
		end(fmt.Errorf("lost: %w", err))
	case <-here.Done():
	}
	both.Wait()
	return true, context.Cause(here)
}

// serve asks for what goes up, and carries what goes down.
func (b *Bridge) serve(ctx context.Context, c paho.Client, kept bool) error {
	if err := b.subscribe(ctx, c); err != nil {
		return err
	}
	b.Log.Info("connected", "broker", broker.ServerOf(c), "session_kept", kept)
	b.counts.connected.Store(true)
	defer b.counts.connected.Store(false)
	return b.carryCommands(ctx, c)
}

// subscribe asks for what goes up, at QoS 1: what is granted less could be lost.
func (b *Bridge) subscribe(ctx context.Context, c paho.Client) error {
	for some := range slices.Chunk(b.routes.filters(), broker.FiltersAtOnce) {
		wanted := map[string]byte{}
		for _, filter := range some {
			wanted[filter] = 1
		}
		token := c.SubscribeMultiple(wanted, nil).(*paho.SubscribeToken)
		wait, stop := context.WithTimeout(ctx, broker.SubscribeTimeout)
		err := broker.Await(wait, token)
		stop()
		if err != nil {
			return fmt.Errorf("subscription: %w", err)
		}
		for _, filter := range slices.Sorted(maps.Keys(token.Result())) {
			if code := token.Result()[filter]; code != 1 {
				return fmt.Errorf("the broker does not grant %s at QoS 1, but answers %#x", filter, code)
			}
		}
	}
	return nil
}
