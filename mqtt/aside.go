package mqtt

import (
	"encoding/json"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// A session that yields leaves the name to an elder agent: it is at the broker
// under another client id, without a will, says nothing but its info, not
// retained, and hears nothing but the other's. For everything else it is not
// connected.

// login is how the next connection enters.
func (s *Session) login(aside bool) login {
	l := login{Access: s.opts.Access, clientID: "thermostat-" + s.opts.Device, dial: s.opts.Dial}
	if aside {
		l.clientID += "-" + s.twin.process
	} else {
		l.will = s.topics.status()
	}
	return l
}

// connectedAside goes on from a connection beside the name's.
func (s *Session) connectedAside(client paho.Client, drop func()) {
	now := time.Now()
	s.aside, s.drop = client, drop
	s.twin.connected(now, brokerOf(client))
	go s.opts.Devices.letGo(client)
	s.subscribe(client, []string{s.topics.info()}, func([]string) {})
	s.tellInfo(now)
}

// heard takes an info of this name.
func (s *Session) heard(now time.Time, payload []byte, retained bool) {
	var i Info
	if json.Unmarshal(payload, &i) != nil {
		return // somebody else's message on our topic
	}
	if s.twin.hears(now, i, retained) && !retained {
		s.echo.info = true
		s.echoCame()
	}
	s.judgeTwin(now)
}

// judgeTwin tells of a twin, and yields or takes the name back.
func (s *Session) judgeTwin(now time.Time) {
	t := &s.twin
	t.judge(now)
	s.alarms.duplicate.set(t.text(s.opts.Device))
	if t.yields == s.yields.Load() {
		return
	}
	s.yields.Store(t.yields)
	if t.yields {
		s.opts.Log.Error("another agent has this name, and started before: it is left to that one, the zones run on by themselves",
			"instance", t.other.Instance, "started_at", t.other.StartedAt)
	} else {
		s.opts.Log.Warn("nothing was heard of the other agent of this name for a while: taking it back")
	}
	s.leave()
}

// leave ends the connection from our side; the next one is the other kind.
func (s *Session) leave() {
	drop := s.drop
	s.down()
	if drop != nil {
		drop()
	}
}
