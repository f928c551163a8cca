package mqtt

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"thermostat/mqtt/broker"
	"thermostat/mqtt/wire"
)

// connected publishes everything and subscribes to the controls.
func (s *Session) connected(client paho.Client, drop func()) {
	now := time.Now()
	s.out.connect(client, drop)
	s.online.Store(true)
	s.opts.Log.Info("broker connected")
	s.opts.Devices.Connected(client, drop)
	s.duplicates.connected(broker.ServerOf(client))
	s.refusals.topics = nil
	s.presence.echo.reset()
	s.opts.Sources.reset()
	filters := []string{s.topics.Status(), s.topics.Info(), s.topics.AnySet()}
	if s.restarter.offered() {
		filters = append(filters, s.topics.Restart())
	}
	s.subscribeOwn(filters)
	if s.optional.connected(now); s.optional.asked {
		subscribeToAway(s)
	}
	for _, z := range s.zones {
		z.connected(now)
	}
	s.out.publish(s.presence.online(now))
	s.tellInfo(now)
	s.subscribeToHomeAssistant()
	s.pulse(now)
}

func (s *Session) disconnected(client paho.Client, cause error) {
	if s.out.client != client {
		return
	}
	if cause != nil { // else we left it, and said why
		s.opts.Log.Warn("broker lost: control goes on without", "error", cause)
	}
	s.down()
}

// down ends the connection, and gives the function that ends it at the broker, too.
func (s *Session) down() (drop func()) {
	drop = s.out.disconnect()
	s.online.Store(false)
	s.opts.Devices.Disconnected()
	for _, z := range s.zones {
		z.disconnected()
	}
	return drop
}

// subscribe subscribes to topics at QoS 0, and passes on which of them the broker
// refuses. A broker that does not answer is left.
func (s *Session) subscribe(filters []string, answered func(refused []string)) {
	client, drop := s.out.client, s.out.drop
	asked := broker.Subscribe(client, filters)
	go func() {
		refused, err := asked.Answered()
		if err != nil {
			if client.IsConnectionOpen() { // else it is lost, which is told and seen to
				s.opts.Log.Warn("a subscription was not answered: connecting anew", "topics", filters)
				drop()
			}
			return
		}
		s.post(func() {
			s.refusals.tell(refused)
			if s.out.client == client {
				answered(refused)
			}
		})
	}()
}

// subscribeOwn subscribes to the topics of the agent as a whole; a refusal is a
// fault, and tried again.
func (s *Session) subscribeOwn(topics []string) {
	s.subscribe(topics, func(refused []string) {
		s.refusals.note(time.Now(), refused)
		s.presence.echo.setSubscribed(!slices.Contains(refused, s.topics.Status()))
	})
}

// subscribeToHomeAssistant subscribes to the topics on which Home Assistant says that it
// is online, and once the broker has granted that, announces.
func (s *Session) subscribeToHomeAssistant() {
	s.announce(s.announcer.begin())
	if len(s.announcer.onlineTopics) == 0 {
		return
	}
	s.subscribe(s.announcer.onlineTopics, func(refused []string) {
		s.announce(s.announcer.subscribed(time.Now(), len(refused) == 0))
		s.announce(s.announcer.due(time.Now()))
	})
}

func subscribeToAway(s *Session) {
	answered := s.optional.ask()
	s.subscribe([]string{s.topics.Away()}, func([]string) { answered() })
}

// subscribeToZones subscribes to the control and program topics that wait for that, as many
// at once as one SUBSCRIBE may have. Each kind has its own, or a broker that ends the
// connection over the programs would keep the controls from us.
func (s *Session) subscribeToZones() {
	programs, controls := byKind(s.asking)
	s.asking = nil
	if !s.optional.asked {
		for _, st := range programs {
			st.arbiter.Unreadable(time.Now())
		}
		programs = nil
	}
	some := slices.Collect(slices.Chunk(programs, broker.FiltersAtOnce))
	optional := len(some)
	some = slices.AppendSeq(some, slices.Chunk(controls, broker.FiltersAtOnce))
	for i, streams := range some {
		if !s.out.connected() {
			return // the next connection asks for all of them
		}
		answered := func() {}
		if i < optional {
			answered = s.optional.ask()
		}
		s.subscribe(topicsOf(streams), func(refused []string) {
			answered()
			for _, st := range streams {
				if slices.Contains(refused, st.topic) {
					st.arbiter.Unreadable(time.Now())
				} else {
					st.arbiter.Subscribed(time.Now())
				}
			}
		})
	}
}

// receiveSoon takes a message in the connection's goroutine. The devices get it at
// once; else the session does, in order, and only while this connection lasts.
func (s *Session) receiveSoon(here context.Context, m paho.Message) {
	topic, payload, retained := m.Topic(), m.Payload(), m.Retained()
	taken := false // checked by the configuration: none of the devices' topics is our own
	s.opts.Contain("a device on the broker", func() { taken = s.opts.Devices.Take(topic, payload, retained) })
	if taken {
		return
	}
	select {
	case s.events <- func() { s.receive(here, topic, payload, retained) }:
	case <-here.Done():
	}
}

// receive handles one message of a connection.
func (s *Session) receive(here context.Context, topic string, payload []byte, retained bool) {
	switch {
	case here.Err() != nil: // of a connection that is over
	case topic == s.topics.Status():
		s.out.publishAll(s.presence.receiveStatus(time.Now(), string(payload), retained))
	case topic == s.topics.Info():
		s.receiveInfo(time.Now(), payload, retained)
	case topic == s.topics.Restart():
		s.restarter.asked(time.Now(), topic, retained)
	case topic == s.topics.Away():
		s.absence.receive(time.Now(), topic, payload, retained)
	case slices.Contains(s.announcer.onlineTopics, topic):
		if string(payload) == "online" {
			s.announcer.homeAssistantOnline(time.Now())
		}
	default:
		if name, rest, ok := s.topics.Parse(topic); ok && s.byName[name] != nil {
			s.byName[name].receive(topic, rest, payload, retained)
		}
	}
}

// receiveInfo takes an info of this name.
func (s *Session) receiveInfo(now time.Time, payload []byte, retained bool) {
	var i wire.Info
	if json.Unmarshal(payload, &i) != nil {
		return // somebody else's message on our topic
	}
	if s.duplicates.hear(now, i, retained) && !retained {
		s.presence.echo.info = true
		s.presence.echo.returned()
	}
	s.duplicates.judge(now)
}
