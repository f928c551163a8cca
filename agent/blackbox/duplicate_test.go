package blackbox

import (
	"errors"
	"os"
	"strings"
	"testing"

	"thermostat/agent/clitest"
)

// TestTwoAgentsOfOneNameBothTellAndControlOn: the second is started with a copy of the first one's
// memory, as a copied card has it. Both tell, both control on, and both hear a new
// setpoint, since the broker takes turns between them.
func TestTwoAgentsOfOneNameBothTellAndControlOn(t *testing.T) {
	t.Parallel()
	m := newMosquitto(t, open)
	m.start()
	brokers := m.url()
	first := startPageAgent(t, "", brokers)
	m.showsStatus("online")
	m.publish("room/control", []byte(`{"desired":20}`), "-r")
	m.showsDesired(20)

	config := pageAgentConfig(t, "", brokers)
	_, state := stateFolder(t, config)
	_, copied := stateFolder(t, first.Cmd.Args[len(first.Cmd.Args)-1])
	if err := os.CopyFS(state, os.DirFS(copied)); err != nil {
		t.Fatal(err)
	}
	p := startAgent(t, config)
	second := pageAgent{p, p.pageURL()}

	for _, a := range []pageAgent{first, second} {
		a.shows("duplicate_device", "another agent of the name cabin is at the broker")
		a.Says("the broker takes turns between the two")
	}
	m.publish("room/control", []byte(`{"desired":22.5}`), "-r")
	for _, a := range []pageAgent{first, second} {
		clitest.Eventually(t, func() error {
			if zones := get(t, a.url+"/api/zones"); !strings.Contains(zones, `"desired":22.5`) {
				return errors.New(zones)
			}
			return nil
		})
		a.switchesOn()
	}
	if code := second.stop(); code != 0 {
		t.Errorf("exit %d\n%s", code, second.Output())
	}
}
