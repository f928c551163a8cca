package blackbox

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"thermostat/agent/clitest"
)

var pictures = flag.String("pictures", "", "the folder into which TestARealHomeAssistantDrawsTheZone puts the pictures of docs/home-assistant.md")

// TestARealHomeAssistantDrawsTheZone: a dashboard's thermostats and the page of a device, in a browser. With
// -pictures ../../docs it makes the pictures of docs/home-assistant.md anew.
func TestARealHomeAssistantDrawsTheZone(t *testing.T) {
	t.Parallel()
	browser := filepath.Join("..", "..", "status", "browser")
	if _, err := os.Stat(filepath.Join(browser, "node_modules")); err != nil {
		if os.Getenv("THERMOSTAT_CI") != "" {
			t.Fatalf("there is no driver of the browser, and CI must have it: %v", err)
		}
		t.Skip("there is no driver of the browser: cd status/browser && npm ci")
	}
	clitest.Need(t, "node", "chromium")
	h, _, _ := openHome(t, "metric", "")
	h.isAvailable(homeEntities())
	for entity, data := range map[string]map[string]any{
		"room":   {"temperature": 20.5, "hvac_mode": "heat"},
		"den":    {"temperature": 20, "hvac_mode": "heat_cool"},
		"fridge": {"temperature": 4, "hvac_mode": "cool"},
	} {
		h.commands(commandStep{"climate.set_temperature", entity, data, "", data["hvac_mode"].(string), toFloat(data["temperature"])}, false)
	}
	var cards []any
	for _, zone := range []string{"room", "den", "fridge"} {
		cards = append(cards, map[string]any{"type": "thermostat", "entity": "climate." + zone, "features": []any{map[string]any{"type": "climate-hvac-modes"}}})
	}
	h.ask("lovelace/dashboards/create", map[string]any{"url_path": "zones-here", "title": "Zones"}, nil)
	h.ask("lovelace/config/save", map[string]any{"url_path": "zones-here", "config": map[string]any{"views": []any{map[string]any{"title": "Home", "cards": cards}}}}, nil)
	devices, err := h.devices()
	if err != nil {
		t.Fatal(err)
	}
	folder := *pictures
	if folder == "" {
		folder = t.TempDir()
	}
	look := exec.Command("node", filepath.Join(browser, "homeassistant.js"), h.url, h.token, devices["thermostat_-cabin_-den"].ID, folder)
	look.Stderr = os.Stderr
	said, err := look.Output()
	if err != nil {
		t.Fatal(err)
	}
	var words struct{ Card, Device string }
	if err := json.Unmarshal(said, &words); err != nil {
		t.Fatalf("%v in %s", err, said)
	}
	for _, want := range []string{"room", "Heating", "20", "den", "Idle", "fridge", "Cooling"} {
		if !strings.Contains(words.Card, want) {
			t.Errorf("the dashboard does not say %q: %s", want, words.Card)
		}
	}
	for _, want := range []string{"den", "Temperature 19.5 °C", "Humidity 45%", "Heat call", "Cool call", "Target", "Boost", "Resume", "Clear faults", "Problem OK", "Faults ok", "Heater runtime"} {
		if !strings.Contains(words.Device, want) {
			t.Errorf("the device's page does not say %q: %s", want, words.Device)
		}
	}
	for _, name := range []string{"home-assistant-card.png", "home-assistant-device.png"} {
		info, err := os.Stat(filepath.Join(folder, name))
		if err != nil || info.Size() > 150_000 {
			t.Errorf("%s: %v, %d bytes; at most 150,000", name, err, info.Size())
		}
	}
}

func toFloat(x any) float64 {
	if n, ok := x.(int); ok {
		return float64(n)
	}
	return x.(float64)
}
