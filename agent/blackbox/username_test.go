package blackbox

import (
	"os/exec"
	"strings"
	"testing"
)

// TestSetAsTheAgentsOwnUserIsToldWhyItIsCutOff: where mosquitto takes the user's name for the client
// id, set as another user is answered; as the agent's own user it is told why its
// connection is ended, and its word counts all the same.
func TestSetAsTheAgentsOwnUserIsToldWhyItIsCutOff(t *testing.T) {
	port := brokerPort(t)
	m := newMosquitto(t, open+"listener "+port+" 127.0.0.1\nuse_username_as_clientid true\n")
	m.start()
	url := "mqtt://127.0.0.1:" + port
	startAgent(t, agentConfig(t, url, "  username: cabin"))
	m.showsStatus("online")
	set := func(user, celsius string) string {
		out, _ := exec.Command(thermostat(t), "set", "room", celsius, "--broker", url, "--username", user, "--device", "cabin", "--timeout", "20s").CombinedOutput()
		return string(out)
	}
	if out := set("anna", "19"); !strings.HasPrefix(out, "applied: ") {
		t.Errorf("as another user: %s", out)
	}
	m.showsDesired(19)
	if out := set("cabin", "20"); !strings.Contains(out, "use_username_as_clientid") {
		t.Errorf("as the agent's user: %s", out)
	}
	m.showsDesired(20)
}
