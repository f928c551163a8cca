package brokers

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"thermostat/fleet/rig"
)

// behaviour is a row of the table, with a device and a user of its own. do does it and
// gives what it saw: yes or no, or the names of faults as the agent tells them.
type behaviour struct {
	row, device             string
	mayNotRead, mayNotWrite bool
	do                      func(s *scene) (seen string)
}

// scene is where a behaviour is looked at.
type scene struct {
	*testing.T
	*broker
	device string
	expect string // what the table has there
}

// behaviours do not disturb each other.
var behaviours = []behaviour{
	{row: "An agent connects, and `thermostat set` is answered", device: "set", do: setIsAnswered},
	{row: "`thermostat watch --device` shows it", device: "watched", do: watchShows},
	{row: "A refused login is named", device: "login", do: refusedLogin},
	{row: "A setpoint retained before the agent starts is obeyed at once", device: "before", do: retainedBefore},
	{row: "A command that is retained by mistake does no harm", device: "mistake", do: retainedCommand},
	{row: "An agent that dies is `offline`", device: "dies", do: dies},
	{row: "… and still is for who comes later", device: "dead", do: deadForLater},
	{row: "A second client of the same id ends the first, which comes back", device: "twins", do: secondClient},
	{row: "A connection that swallows everything is noticed, and replaced", device: "swallowed", do: swallowed},
	{row: "What is retained comes for a wildcard", device: "wildcard", do: wildcard},
	{row: "A device that may not read is told", device: "deaf", mayNotRead: true, do: withoutRights},
	{row: "A device that may not write is told", device: "mute", mayNotWrite: true, do: withoutRights},
}

// afterwards are those that end the broker.
var afterwards = []behaviour{
	{row: "What is retained outlives the broker's restart", device: "keeps", do: keeps},
	{row: "After it agents are there, obey, and say everything again", device: "restart", do: restart},
}

// agent starts the scene's device at an address.
func (s *scene) agent(address string) *rig.Device {
	s.Helper()
	return s.agentWith(address, s.device)
}

func (s *scene) agentWith(address, password string) *rig.Device {
	s.Helper()
	file := s.TempDir() + "/password"
	rig.Write(s.T, file, password)
	return rig.StartDevice(s.T, s.device, fmt.Sprintf("username: %s, password_file: %q, ", s.device, file)+rig.Brokers([]string{"mqtt://" + address}))
}

func (s *scene) topic(rest string) string { return everything + s.device + "/" + rest }

// listener is a person who hears everything of the device.
func (s *scene) listener() *person {
	s.Helper()
	p := s.newPerson(s.T, s.device+"-listener")
	p.listen(s.topic("#"))
	return p
}

func yesOr(no string, is bool) string {
	if is {
		return "yes"
	}
	return no
}

// connections waits until an agent has connected so often.
func connections(t *testing.T, d *rig.Device, times int) {
	t.Helper()
	rig.Eventually(t, func() error {
		if n := d.Count(`msg="broker connected"`); n < times {
			return fmt.Errorf("connected %d times, want %d:\n%s", n, times, d.Output())
		}
		return nil
	})
}

// goesOn waits until the zone that swings has switched a few times more.
func goesOn(t *testing.T, d *rig.Device) {
	t.Helper()
	switches := func() (n int) {
		for _, l := range d.Log() {
			if strings.Contains(l, `msg="heater o`) && strings.Contains(l, " zone=swing ") {
				n++
			}
		}
		return n
	}
	before := switches()
	rig.Eventually(t, func() error {
		if n := switches() - before; n < 3 {
			return fmt.Errorf("the zone switched %d times:\n%s", n, d.Output())
		}
		return nil
	})
}

// command runs a command of the person's on the device.
func (s *scene) command(args ...string) *rig.Process {
	s.Helper()
	file := s.TempDir() + "/operator"
	rig.Write(s.T, file, operator)
	return rig.Start(s.T, rig.Thermostat(s.T), append(args, "--device", s.device, "--broker", "mqtt://"+s.people, "--username", operator, "--password-file", file)...)
}

func setIsAnswered(s *scene) string {
	d := s.agent(s.agents)
	connections(s.T, d, 1)
	set := s.command("set", "room", "21.5")
	code := set.Code()
	if code != 0 {
		s.Logf("set ends with %d:\n%s", code, set.Output())
	}
	return yesOr("no", code == 0)
}

func watchShows(s *scene) string {
	p, d := s.listener(), s.agent(s.agents)
	connections(s.T, d, 1)
	p.say(s.topic("room/control"), `{"desired":20.5}`, true)
	p.seesDesired(s.device, 20.5)
	watch := s.command("watch", "--json") // it comes late
	watch.Says(`"desired":20.5,`)
	p.say(s.topic("room/control"), `{"desired":22.5}`, true)
	watch.Says(`"desired":22.5,`)
	return "yes"
}

func refusedLogin(s *scene) string {
	d := s.agentWith(s.agents, "guessed")
	d.Says("name=broker_refused")
	d.Says("refuses user name or password, or user " + s.device + " may not connect")
	goesOn(s.T, d)
	return "yes"
}

func retainedBefore(s *scene) string {
	s.newPerson(s.T, s.device+"-early").say(s.topic("room/control"), `{"desired":21.5}`, true)
	d := s.agent(s.agents)
	d.Says("zone=room mode=heat desired=21.5 ")
	d.Says("source=broker")
	return "yes"
}

func retainedCommand(s *scene) string {
	p := s.listener()
	p.say(s.topic("room/set/desired"), "25", true)
	d := s.agent(s.agents)
	p.hears(s.topic("status"), "online")
	p.say(s.topic("room/control"), `{"desired":20.5}`, true)
	p.seesDesired(s.device, 20.5)
	goesOn(s.T, d)
	return yesOr("no", d.Count("broker lost") == 0 && d.Count("desired=25 ") == 0)
}

func dies(s *scene) string {
	p, d := s.listener(), s.agent(s.agents)
	p.hears(s.topic("status"), "online")
	d.Kill()
	p.hears(s.topic("status"), "offline")
	return "yes"
}

func deadForLater(s *scene) string {
	dies(s)
	return yesOr("no", s.retained(s.T, s.device+"-later", s.topic("status")) == "offline")
}

func secondClient(s *scene) string {
	p, d := s.listener(), s.agent(s.agents)
	p.hears(s.topic("status"), "online")
	c := dial(s.T, s.agents, s.device, "thermostat-"+s.device)
	d.Says(`msg="broker lost`)
	connections(s.T, d, 2)
	rig.Eventually(s.T, func() error {
		if c.IsConnectionOpen() {
			return fmt.Errorf("the second client is still connected")
		}
		return nil
	})
	p.say(s.topic("room/control"), `{"desired":20.5}`, true)
	p.seesDesired(s.device, 20.5)
	p.hears(s.topic("status"), "online")
	return "yes"
}

func swallowed(s *scene) string {
	w := newWire(s.T, s.agents)
	p, d := s.listener(), s.agent(w.address)
	p.hears(s.topic("status"), "online")
	w.broken.Store(true)
	p.say(s.topic("room/control"), `{"desired":20.5}`, true)
	goesOn(s.T, d)
	d.Says("connecting anew") // a subscription is asked for again before the keepalive ends
	p.hears(s.topic("status"), "offline")
	goesOn(s.T, d)
	w.broken.Store(false)
	connections(s.T, d, 2)
	p.seesDesired(s.device, 20.5)
	p.hears(s.topic("status"), "online")
	return "yes"
}

func wildcard(s *scene) string {
	s.newPerson(s.T, s.device+"-speaker").say(s.topic("room/state"), "x", true)
	return yesOr("no", s.retained(s.T, s.device+"-listener", s.topic("+/state")) == "x")
}

// rightsFaults are those that tell of a missing right.
var rightsFaults = []string{"broker_refused", "control_not_readable", "control_not_retained", "publish_refused", "subscription_refused"}

// withoutRights waits for the faults that the table tells, and gives all that came.
func withoutRights(s *scene) string {
	d := s.agent(s.agents)
	var seen []string
	rig.Eventually(s.T, func() error {
		seen = nil
		for _, name := range rightsFaults {
			if d.Count("msg=fault zone=room name="+name) > 0 {
				seen = append(seen, name)
			}
		}
		if len(seen) == 0 || strings.Join(seen, " ") != s.expect && len(seen) <= strings.Count(s.expect, " ") {
			return fmt.Errorf("the faults %v came:\n%s", seen, d.Output())
		}
		return nil
	})
	goesOn(s.T, d)
	slices.Sort(seen)
	return strings.Join(seen, " ")
}

// keeps ends the broker and begins it again; the next one after it does so as well.
func keeps(s *scene) string {
	s.newPerson(s.T, s.device+"-speaker").say(s.topic("note"), "x", true)
	s.stop()
	s.start()
	return yesOr("no", s.retained(s.T, s.device+"-later", s.topic("note")) == "x")
}

func restart(s *scene) string {
	p, d := s.listener(), s.agent(s.agents)
	p.hears(s.topic("status"), "online")
	p.say(s.topic("room/control"), `{"desired":20.5}`, true)
	p.seesDesired(s.device, 20.5)
	s.stop()
	d.Says(`msg="broker lost`)
	goesOn(s.T, d)
	s.start()
	connections(s.T, d, 2)
	after := s.newPerson(s.T, s.device+"-after") // names each topic, for the sake of RabbitMQ
	after.listen(s.topic("status"))
	after.listen(s.topic("room/state"))
	after.hears(s.topic("status"), "online")
	after.seesDesired(s.device, 20.5)
	rig.Eventually(s.T, func() error {
		if s.retained(s.T, s.device+"-later", s.topic("room/control")) == "" {
			return errors.New("the setpoint is not retained again")
		}
		return nil
	})
	after.say(s.topic("room/control"), `{"desired":22.5}`, true)
	after.seesDesired(s.device, 22.5)
	return "yes"
}
