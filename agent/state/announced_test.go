package state

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"thermostat/agent/clitest"
	"thermostat/mqtt/homeassistant"
)

// TestAnnouncedIsRemembered: written only when it changes, and only of this name.
func TestAnnouncedIsRemembered(t *testing.T) {
	m := testFolder(t)
	both := announcedZones("homeassistant", "", "a", "b")
	step := func(name, base string, ours []homeassistant.Announced, want ...homeassistant.Announced) {
		t.Helper()
		gone, err := m.Announce(base, ours)
		if err != nil || !slices.Equal(gone, want) {
			t.Errorf("%s: gone %v (%v), want %v", name, gone, err, want)
		}
	}
	step("first start", "t/cabin", both)
	info, _ := os.Stat(m.announcedFile())
	step("the same", "t/cabin", both)
	if again, _ := os.Stat(m.announcedFile()); !again.ModTime().Equal(info.ModTime()) {
		t.Error("written without need: cards wear")
	}
	step("b removed", "t/cabin", both[:2], both[2])
	step("not yet forgotten", "t/cabin", both[:2], both[2])
	step("b is back", "t/cabin", both)
	step("another prefix", "t/cabin", announcedZones("ha", "", "a", "b"), both...)
	step("another name: somebody else may live under the old one", "t/hut", both)
	var many []homeassistant.Announced
	for i := range 3 * maxGone {
		many = append(many, announcedZones("homeassistant", strings.Repeat("z", i+1))...)
	}
	if _, err := m.Announce("t/hut", many); err != nil {
		t.Error(err)
	}
	if gone, _ := m.Announce("t/hut", nil); len(gone) != maxGone || gone[maxGone-1] != many[len(many)-1] {
		t.Errorf("%d are remembered", len(gone))
	}
	clitest.WriteFile(t, m.announcedFile(), "damaged")
	if gone, err := m.Announce("t/hut", both); err == nil || len(gone) > 0 {
		t.Errorf("damaged: %v, %v", gone, err)
	}
	step("and mended", "t/hut", both)
	data, _ := os.ReadFile(m.announcedFile())
	_, body, _ := strings.Cut(string(data), "\n")
	if !json.Valid([]byte(body)) {
		t.Errorf("%s", body)
	}
}

func announcedZones(discovery string, zones ...string) (all []homeassistant.Announced) {
	for _, z := range zones {
		all = append(all, homeassistant.Announced{Discovery: discovery, Zone: z})
	}
	return all
}
