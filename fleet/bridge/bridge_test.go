package bridge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/protobuf/proto"

	"thermostat/fleet/cluster"
	"thermostat/fleet/engine"
	"thermostat/fleet/rig"
	"thermostat/mqtt/client"
	pb "thermostat/proto"
)

// publish says something on a broker, and waits until that has it.
func publish(t *testing.T, c paho.Client, topic string, retained bool, payload []byte) {
	t.Helper()
	if err := cluster.Acknowledged(c.Publish(topic, 1, retained, payload), rig.Patience); err != nil {
		t.Fatal(err)
	}
}

func user(t *testing.T, b *siteBroker, name string) paho.Client {
	t.Helper()
	c, err := b.dial(name, "client-"+name, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Disconnect(0) })
	return c
}

// holds waits until a topic of the log has these records, by key and value, and no more.
func holds(t *testing.T, log []string, topic string, want ...string) {
	t.Helper()
	rig.Eventually(t, func() error {
		var got []string
		for _, r := range everything(t, log, topic) {
			value := fmt.Sprintf("%.40q", r.Value)
			if r.Value == nil {
				value = "nothing"
			}
			got = append(got, string(r.Key)+" "+value)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			return fmt.Errorf("%s has %v, want %v", topic, got, want)
		}
		return nil
	})
}

// TestWhatIsForNobodyIsCountedAndHoldsNothingUp: topics that are no device's, sensors of another site, messages that are too
// large. What cannot be read goes to the log as it is: the engine says what is wrong with it.
func TestWhatIsForNobodyIsCountedAndHoldsNothingUp(t *testing.T) {
	t.Parallel()
	site, log := newNATS(t), newLog(t) // mosquitto's example lets nothing large in
	b, _ := run(t, siteOptions(t, site, log, newWires(), newWires()))
	c := user(t, site, "operator")
	for _, topic := range []string{"site/x/sensor", "site/0/sensor", "site/1001/sensor", "site/1001/tempset"} {
		publish(t, c, topic, false, []byte("x"))
	}
	publish(t, c, "site/7/sensor", false, make([]byte, MaxMessage+1))
	publish(t, c, "site/7/sensor", false, make([]byte, 600<<10)) // the connection itself cuts this one off
	publish(t, c, "site/7/heatercontrol", false, []byte("x"))    // the bridge does not hear it
	publish(t, c, "site/7/sensor", false, []byte("\xff garbage"))
	publish(t, c, "site/7/tempset", false, []byte(`{"desired":21}`))
	publish(t, c, "site/7/tempset", false, nil)
	publish(t, c, "thermostat/cabin/room/target", false, []byte("{}"))
	holds(t, log, engine.TopicSensor, `7 "\xff garbage"`)
	holds(t, log, engine.TopicTempset, `7 "{\"desired\":21}"`, "7 nothing")
	holds(t, log, TopicAgents, `thermostat/cabin/room/target "{}"`)
	holds(t, log, engine.TopicCommand)
	rig.Eventually(t, func() error {
		answer := httptest.NewRecorder()
		b.ServeHTTP(answer, nil)
		for _, line := range []string{"connected 1", "waiting 0", "taken_total 4", "refused_total 6"} {
			if !strings.Contains(answer.Body.String(), "\nthermostat_bridge_"+line+"\n") {
				return fmt.Errorf("no %s in %s", line, answer.Body)
			}
		}
		return nil
	})
}

// TestARetainedSetpointIsTakenOnce, when the session begins: said again later, it would undo what the log was told since. A
// retained reading is never taken: it is not of now.
func TestARetainedSetpointIsTakenOnce(t *testing.T) {
	t.Parallel()
	site, log := newMosquitto(t), newLog(t)
	c := user(t, site, "operator")
	publish(t, c, "site/7/tempset", true, []byte("first"))
	publish(t, user(t, site, "7"), "site/7/sensor", true, []byte("old"))
	o := siteOptions(t, site, log, newWires(), newWires())
	_, end := run(t, o)
	holds(t, log, engine.TopicTempset, `7 "first"`)
	end()
	publish(t, c, "site/8/tempset", true, []byte("meanwhile"))
	b, _ := run(t, o)
	rig.Eventually(t, func() error {
		if b.counts.retained.Load() != 3 { // both setpoints and the reading
			return errors.New("the broker has not said again what it has retained")
		}
		return nil
	})
	publish(t, c, "site/7/tempset", true, []byte("second"))
	rig.Eventually(t, func() error {
		if n := len(everything(t, log, engine.TopicTempset)); n < 3 {
			return fmt.Errorf("%d setpoints", n)
		}
		return nil
	})
	if n := len(everything(t, log, engine.TopicTempset)); n != 3 {
		t.Errorf("%d setpoints in the log, want 3", n)
	}
	holds(t, log, engine.TopicSensor)
}

// lines are what is logged.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	select {
	case l <- string(p):
	default: // nobody waits for it any more
	}
	return len(p), nil
}

// await waits for a line that has this text.
func (l lines) await(t *testing.T, text string) {
	t.Helper()
	late := time.After(rig.Patience)
	for {
		select {
		case line := <-l:
			if strings.Contains(line, text) {
				return
			}
		case <-late:
			t.Fatalf("%q is not logged", text)
		}
	}
}

// TestRetainedSetpointsThatTheLogNeverGotAreTaken, though the session is not new: more than the broker has on their way, while the log
// is away, and then the connection or the bridge ends.
func TestRetainedSetpointsThatTheLogNeverGotAreTaken(t *testing.T) {
	const many = 600 // site.conf has max_inflight_messages 500
	for _, row := range []struct {
		name   string
		happen func(*testing.T, *scene)
	}{
		{"the connection ends", func(_ *testing.T, s *scene) {
			s.broker.stop()
			s.toLog.become(whole)
			s.broker.start()
		}},
		{"the bridge ends", func(t *testing.T, s *scene) {
			s.end()
			s.toLog.become(whole)
			_, s.end = run(t, s.options)
		}},
		{"the bridge ends, and the log stays away", func(t *testing.T, s *scene) {
			s.end()
			said := make(lines, 1000)
			s.options.Log = slog.New(slog.NewTextHandler(said, nil))
			_, s.end = launch(t, s.options)
			said.await(t, errUnread.Error())
			s.toLog.become(whole)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := &scene{broker: newMosquitto(t), toBroker: newWires(), toLog: newWires()}
			log := newLog(t)
			s.options = siteOptions(t, s.broker, log, s.toBroker, s.toLog)
			c := user(t, s.broker, "operator")
			for id := range many {
				publish(t, c, fmt.Sprintf("site/%d/tempset", 1+id), true, []byte("x"))
			}
			s.toLog.become(cut)
			b, end := run(t, s.options)
			s.end = end
			rig.Eventually(t, func() error {
				if n := b.log.BufferedProduceRecords(); n < 500 {
					return fmt.Errorf("%d setpoints wait", n)
				}
				return nil
			})
			row.happen(t, s)
			rig.Eventually(t, func() error {
				got := map[string]bool{}
				for _, r := range everything(t, log, engine.TopicTempset) {
					got[string(r.Key)] = true
				}
				if len(got) != many {
					return fmt.Errorf("the log has %d of %d setpoints", len(got), many)
				}
				return nil
			})
		})
	}
}

// transaction writes a record to the log in one, and ends it.
func transaction(t *testing.T, log []string, r *kgo.Record, how kgo.TransactionEndTry) {
	t.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(log...), kgo.TransactionalID("other"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := errors.Join(c.BeginTransaction(), c.ProduceSync(t.Context(), r).FirstErr(), c.EndTransaction(t.Context(), how)); err != nil {
		t.Fatal(err)
	}
}

// TestASetpointOfASensorThatIsAddedIsTaken, unless the log had one, if only to take it back. What a transaction said that
// was given up does not count.
func TestASetpointOfASensorThatIsAddedIsTaken(t *testing.T) {
	t.Parallel()
	site, log := newMosquitto(t), newLog(t)
	c := user(t, site, "operator")
	for id := 7; id <= 10; id++ {
		publish(t, c, fmt.Sprintf("site/%d/tempset", id), true, []byte("x"))
	}
	o := siteOptions(t, site, log, newWires(), newWires())
	o.Sensors = sensors(t, "7")
	_, end := run(t, o)
	holds(t, log, engine.TopicTempset, `7 "x"`)
	end()
	transaction(t, log, &kgo.Record{Topic: engine.TopicTempset, Key: engine.Key(9)}, kgo.TryCommit)
	transaction(t, log, &kgo.Record{Topic: engine.TopicTempset, Key: engine.Key(10)}, kgo.TryAbort)
	o.Sensors = sensors(t, "7-10")
	b, _ := run(t, o)
	rig.Eventually(t, func() error {
		if taken, stale := b.counts.taken.Load(), b.counts.retained.Load(); taken != 2 || stale != 2 {
			return fmt.Errorf("%d are taken and %d are not", taken, stale)
		}
		return nil
	})
	got := map[string]string{}
	for _, r := range everything(t, log, engine.TopicTempset) {
		got[string(r.Key)] = string(r.Value)
	}
	if want := map[string]string{"7": "x", "8": "x", "9": "", "10": "x"}; !maps.Equal(got, want) {
		t.Errorf("the log has %v, want %v", got, want)
	}
}

// TestTheExampleOfASiteConfinesItsDevices: each says its own readings alone, and nobody but the bridge commands.
func TestTheExampleOfASiteConfinesItsDevices(t *testing.T) {
	t.Parallel()
	site, log := newMosquitto(t), newLog(t)
	run(t, siteOptions(t, site, log, newWires(), newWires()))
	seven, eight, operator := user(t, site, "7"), user(t, site, "8"), user(t, site, "operator")
	heard := make(chan string, 10)
	if err := cluster.Acknowledged(operator.Subscribe("site/#", 1, func(_ paho.Client, m paho.Message) { heard <- m.Topic() }), rig.Patience); err != nil {
		t.Fatal(err)
	}
	publish(t, eight, "site/7/sensor", false, []byte("false"))
	publish(t, eight, "site/7/heatercontrol", false, []byte("false"))
	publish(t, eight, "site/8/tempset", false, []byte("false"))
	publish(t, operator, "site/7/heatercontrol", false, []byte("false"))
	publish(t, operator, "site/7/tempset", false, []byte("true"))
	publish(t, seven, "site/7/sensor", false, []byte("true"))
	holds(t, log, engine.TopicTempset, `7 "true"`)
	holds(t, log, engine.TopicSensor, `7 "true"`)
	for _, want := range []string{"site/7/tempset", "site/7/sensor"} {
		if got := <-heard; got != want {
			t.Errorf("the broker passes on %s, want %s", got, want)
		}
	}
}

// alone is a bridge whose both sides are away.
func alone(t *testing.T) *Bridge {
	t.Helper()
	b, err := New(siteOptions(t, &siteBroker{address: "127.0.0.1:1"}, []string{"127.0.0.1:1"}, newWires(), newWires()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// TestWhatIsSaidOftenMutesNothingElse: a device that says what is for nobody does not hide that Kafka is away.
func TestWhatIsSaidOftenMutesNothingElse(t *testing.T) {
	t.Parallel()
	b, said := alone(t), make(lines, 1000)
	b.Log = slog.New(slog.NewTextHandler(said, nil))
	for range 1000 {
		b.warn("a message is refused")
	}
	b.warn("something else")
	refused, other := 0, 0
	for len(said) > 0 {
		switch line := <-said; {
		case strings.Contains(line, "a message is refused"):
			refused++
		case strings.Contains(line, "something else"):
			other++
		}
	}
	if refused == 0 || refused > 100 || other != 1 {
		t.Errorf("one text is logged %d times of 1,000, another %d of 1", refused, other)
	}
}

// TestAnOldOnIsNotCarriedAndAnOldOffIs.
func TestAnOldOnIsNotCarriedAndAnOldOffIs(t *testing.T) {
	t.Parallel()
	if b, err := New(Options{Site: "north", Sensors: sensors(t, "1-9"), Kafka: []string{"127.0.0.1:1"}}); b != nil || err == nil {
		t.Fatal("a bridge without a prefix")
	}
	b := alone(t)
	now := time.Now()
	on, off := pb.HeaterCommand_On, pb.HeaterCommand_Off
	for _, row := range []struct {
		name    string
		key     string
		c       *pb.HeaterControl
		age     time.Duration
		carried bool
	}{
		{"On", "7", &pb.HeaterControl{SensorID: proto.Int32(7), Command: &on}, client.HeaterLease, true},
		{"an old On", "7", &pb.HeaterControl{SensorID: proto.Int32(7), Command: &on}, client.HeaterLease + time.Second, false},
		{"an old On without the word", "7", &pb.HeaterControl{SensorID: proto.Int32(7)}, client.HeaterLease + time.Second, false},
		{"On, as a clock sees it that is a little behind", "7", &pb.HeaterControl{SensorID: proto.Int32(7), Command: &on}, -client.HeaterLease, true},
		{"On, as a clock sees it that is behind", "7", &pb.HeaterControl{SensorID: proto.Int32(7), Command: &on}, -client.HeaterLease - time.Second, false},
		{"Off, as a clock sees it that is behind", "7", &pb.HeaterControl{SensorID: proto.Int32(7), Command: &off}, -24 * time.Hour, true},
		{"an old Off", "7", &pb.HeaterControl{SensorID: proto.Int32(7), Command: &off}, 24 * time.Hour, true},
		{"of another site", "1001", &pb.HeaterControl{SensorID: proto.Int32(1001), Command: &off}, 0, false},
		{"of another heater", "7", &pb.HeaterControl{SensorID: proto.Int32(8), Command: &off}, 0, false},
		{"nothing", "7", &pb.HeaterControl{}, 0, false},
		{"no sensorID", "seven", &pb.HeaterControl{SensorID: proto.Int32(7), Command: &off}, 0, false},
	} {
		value := marshal(row.c)
		_, _, carried := b.commandOf(&kgo.Record{Key: []byte(row.key), Value: value, Timestamp: now.Add(-row.age)}, now)
		if carried != row.carried {
			t.Errorf("%s: carried %v", row.name, carried)
		}
	}
	if n := b.counts.expired.Load(); n != 3 {
		t.Errorf("%d expired", n)
	}
}

// TestATopicThatIsMissingEndsTheBridge as soon as Kafka says so, which may be away first. The error names it.
func TestATopicThatIsMissingEndsTheBridge(t *testing.T) {
	all := []string{engine.TopicSensor, engine.TopicTempset, engine.TopicCommand, TopicAgents}
	for _, missing := range all {
		t.Run(missing, func(t *testing.T) {
			t.Parallel()
			c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, slices.DeleteFunc(slices.Clone(all), func(topic string) bool { return topic == missing })...))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(c.Close)
			toLog := newWires()
			o := siteOptions(t, &siteBroker{address: "127.0.0.1:1"}, c.ListenAddrs(), newWires(), toLog)
			said := make(lines, 1000)
			o.Log = slog.New(slog.NewTextHandler(said, nil))
			b, err := New(o)
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			ctx, stop := context.WithTimeout(t.Context(), rig.Patience)
			defer stop()
			toLog.become(cut)
			ended := make(chan error)
			go func() { ended <- b.Run(ctx) }()
			said.await(t, "Kafka is not reached")
			toLog.become(whole)
			if err := <-ended; !errors.Is(err, MissingTopic(missing)) || !strings.Contains(err.Error(), "no topic "+missing+": make ") {
				t.Errorf("it ends with %v", err)
			}
		})
	}
}

// TestWithoutAgentsTheirTopicIsNotNeeded.
func TestWithoutAgentsTheirTopicIsNotNeeded(t *testing.T) {
	t.Parallel()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, engine.TopicSensor, engine.TopicTempset, engine.TopicCommand))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	o := siteOptions(t, &siteBroker{address: "127.0.0.1:1"}, c.ListenAddrs(), newWires(), newWires())
	o.Agents = ""
	b, _ := launch(t, o)
	ctx, stop := context.WithTimeout(t.Context(), rig.Patience)
	defer stop()
	if !b.had.await(ctx) {
		t.Error("the log was not read to its end")
	}
}

// deaf is a connection to a broker that acknowledges so many messages, and then none.
type deaf struct {
	paho.Client
	hears int
	said  []string
}

func (d *deaf) Publish(topic string, _ byte, _ bool, payload any) paho.Token {
	var c pb.HeaterControl
	if err := proto.Unmarshal(payload.([]byte), &c); err != nil {
		panic(err)
	}
	d.said = append(d.said, fmt.Sprintf("%v %d", c.GetCommand(), c.GetSensorID()))
	if len(d.said) > d.hears {
		return token{errors.New("the connection has ended")}
	}
	return token{}
}

// token is one that has its answer.
type token struct{ err error }

func (o token) Wait() bool                     { return true }
func (o token) WaitTimeout(time.Duration) bool { return true }
func (o token) Error() error                   { return o.err }
func (o token) Done() <-chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}

// TestAnOnThatWasTakenBackIsNotSaid, nor one that another command of what was read at once follows. What the broker has not
// acknowledged is said again, and not what came before that.
func TestAnOnThatWasTakenBackIsNotSaid(t *testing.T) {
	t.Parallel()
	const late = client.HeaterLease + time.Second
	for _, row := range []struct {
		batch       string // a + is an On, a - an Off, a ! an On that is too old
		hears       int
		said, again string
	}{
		{"+7 -7", 9, "Off 7", ""},
		{"-7 +7", 9, "Off 7, On 7", ""},
		{"+7 -8 +8 +7 -7 +7", 9, "Off 8, On 8, Off 7, On 7", ""},
		{"+7 -1001 !7", 9, "On 7", ""}, // what is not said takes nothing back
		{"+7 -8 +9 -7", 0, "Off 8, On 9, Off 7", "Off 8, On 9, Off 7"},
		{"+7 -8 +9 -7", 2, "Off 8, On 9, Off 7", "Off 7"},
		{"+7 -8 -9", 1, "On 7, Off 8, Off 9", "Off 8, Off 9"},
	} {
		b := alone(t)
		for _, one := range strings.Fields(row.batch) {
			command, at := pb.HeaterCommand_On, time.Now()
			switch one[0] {
			case '-':
				command = pb.HeaterCommand_Off
			case '!':
				at = at.Add(-late)
			}
			id, err := strconv.ParseInt(one[1:], 10, 32)
			if err != nil {
				t.Fatal(err)
			}
			value := marshal(&pb.HeaterControl{SensorID: proto.Int32(int32(id)), Command: &command})
			b.batch = append(b.batch, &kgo.Record{Topic: engine.TopicCommand, Key: engine.Key(int32(id)), Value: value, Timestamp: at})
		}
		first, second := &deaf{hears: row.hears}, &deaf{hears: 9}
		err := b.publish(t.Context(), first)
		err2 := b.publish(t.Context(), second)
		if said := strings.Join(first.said, ", "); said != row.said || (err != nil) != (row.again != "") {
			t.Errorf("of %s is said: %s, %v; want %s", row.batch, said, err, row.said)
		}
		if again := strings.Join(second.said, ", "); again != row.again || err2 != nil || len(b.batch) != 0 {
			t.Errorf("of %s is said again: %s, %v; want %s", row.batch, again, err2, row.again)
		}
	}
}

// TestABrokerThatSaysTooMuchWaits: one that does not bound what is on its way is left, and says the rest
// once the log is back. The bridge keeps no more than the window.
func TestABrokerThatSaysTooMuchWaits(t *testing.T) {
	t.Parallel()
	site, log, toLog := newNATS(t), newLog(t), newWires()
	b, _ := run(t, siteOptions(t, site, log, newWires(), toLog))
	toLog.become(cut)
	c, last := user(t, site, "operator"), paho.Token(nil)
	const many = 4 * window
	for n := range many {
		last = c.Publish(fmt.Sprintf("site/%d/sensor", 1+n%1000), 1, false, fmt.Sprint(n))
	}
	if err := cluster.Acknowledged(last, rig.Patience); err != nil {
		t.Fatal(err)
	}
	rig.Eventually(t, func() error {
		if b.counts.connected.Load() {
			return errors.New("the bridge goes on taking")
		}
		return nil
	})
	if n := b.log.BufferedProduceRecords(); n > window+1 {
		t.Errorf("%d records wait, more than %d", n, window)
	}
	toLog.become(whole)
	rig.Eventually(t, func() error {
		got := map[string]bool{}
		for _, r := range everything(t, log, engine.TopicSensor) {
			got[string(r.Value)] = true
		}
		if len(got) != many {
			return fmt.Errorf("the log has %d of %d", len(got), many)
		}
		return nil
	})
}

// TestACommandThatTheEngineMakesReachesTheHeater from a reading of its sensor, and what a person sets from the site.
func TestACommandThatTheEngineMakesReachesTheHeater(t *testing.T) {
	t.Parallel()
	site, log := newMosquitto(t), newLog(t)
	producer, err := kgo.NewClient(kgo.SeedBrokers(log...))
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	zone := "{plant: electric, timing: {sample: 1s, stale_after: 30s, min_on: 0s, min_off: 0s}, default_setpoint: {mode: heat, desired: 20, up_delta: 0.3, down_delta: 0.3}}"
	if err := producer.ProduceSync(t.Context(), &kgo.Record{Topic: engine.TopicZones, Key: engine.Key(7), Value: []byte(zone)}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	w, err := engine.New(engine.Options{Brokers: log, Name: "127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	defer func() { stop(); <-ended; w.Close() }()
	run(t, siteOptions(t, site, log, newWires(), newWires()))
	c, operator, heard := user(t, site, "7"), user(t, site, "operator"), make(chan []byte, 100)
	if err := cluster.Acknowledged(c.Subscribe("site/7/heatercontrol", 1, func(_ paho.Client, m paho.Message) { heard <- bytes.Clone(m.Payload()) }), rig.Patience); err != nil {
		t.Fatal(err)
	}
	goes := func(want pb.HeaterCommand) {
		t.Helper()
		rig.Eventually(t, func() error {
			publish(t, c, "site/7/sensor", false, marshal(&pb.SensorData{SensorID: proto.Int32(7), Temperature: proto.Float64(19)}))
			select {
			case payload := <-heard:
				var h pb.HeaterControl
				if err := proto.Unmarshal(payload, &h); err != nil || h.GetCommand() != want {
					return fmt.Errorf("the heater hears %v, %v", &h, err)
				}
				return nil
			case <-time.After(time.Second):
				return fmt.Errorf("the heater hears no %v", want)
			}
		})
	}
	goes(pb.HeaterCommand_On)
	publish(t, operator, "site/7/tempset", true, []byte(`{"desired":15,"mode":"heat"}`))
	goes(pb.HeaterCommand_Off)
}

func marshal(m proto.Message) []byte {
	value, err := proto.Marshal(m)
	if err != nil {
		panic(err)
	}
	return value
}
