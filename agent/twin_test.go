package main

import (
	"os"
	"strings"
	"testing"
)

// TestTwoAgentsOfOneName: the second is started with a copy of the first one's
// memory, as a copied card has it. Both tell, the first keeps the name and
// obeys, the second controls on by itself, and they leave each other in peace.
func TestTwoAgentsOfOneName(t *testing.T) {
	t.Parallel()
	m := newMosquitto(t, open)
	m.start()
	brokers := m.url()
	elder := startPageAgent(t, "", brokers)
	m.showsStatus("online")
	m.publish("room/control", []byte(`{"desired":20}`), "-r")
	m.showsDesired(20)

	config := pageAgentConfig(t, "", brokers)
	_, state := stateFolder(t, config)
	_, copied := stateFolder(t, elder.cmd.Args[len(elder.cmd.Args)-1])
	if err := os.CopyFS(state, os.DirFS(copied)); err != nil {
		t.Fatal(err)
	}
	p := startAgent(t, config)
	younger := pageAgent{p, p.pageURL()}

	elder.shows("duplicate_device", "another agent of the name cabin is at the broker")
	younger.shows("duplicate_device", "another agent of the name cabin is at the broker")
	younger.says("is left to that one")
	for _, a := range []pageAgent{elder, younger} {
		if n := a.count("broker connected"); n > 4 {
			t.Errorf("connected %d times:\n%s", n, a.output())
		}
	}
	kicks := elder.count("broker lost")
	set := start(t, thermostat(t), "set", "room", "22.5", "--broker", m.url())
	<-set.ended
	if set.code != 0 {
		t.Errorf("set: exit %d\n%s", set.code, set.output())
	}
	m.showsDesired(22.5)
	younger.switchesOn()
	elder.switchesOn()
	if n := elder.count("broker lost"); n != kicks {
		t.Errorf("no peace:\n%s", elder.output())
	}
	if metrics := get(t, younger.url+"/metrics"); !strings.Contains(metrics, "thermostat_broker_connected 0\n") {
		t.Error("the younger counts as connected")
	}
	if code := younger.stop(); code != 0 {
		t.Errorf("exit %d\n%s", code, younger.output())
	}
	m.showsStatus("online")
}
