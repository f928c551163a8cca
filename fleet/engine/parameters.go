package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"thermostat/agent/config"
	"thermostat/mqtt/setpoint"
)

// parameters are what the topic zones says of a zone: the keys of a zone in an agent's
// configuration, without those that a board has, and its timezone.
type parameters struct {
	text string
	zone setpoint.Zone // its SensorID is no zone's: many have the same parameters
}

// boardKeys are those of a zone that only a board can have, or that are said otherwise here.
var boardKeys = []string{"name", "title", "sensor_id", "sensor", "heater", "cooler", "safety_relay", "fallback_sensors", "calls", "valve", "frost", "windows", "preheat", "law"}

// maxParameters bounds a record of the topic zones, in bytes.
const maxParameters = 64 << 10

// readParameters judges a record of the topic zones as `thermostat check` judges a configuration.
func readParameters(text string) (*parameters, error) {
	if len(text) > maxParameters {
		return nil, fmt.Errorf("%d bytes are more than the %d allowed", len(text), maxParameters)
	}
	if !utf8.ValidString(text) { // YAML may be UTF-16, and what is kept may not
		return nil, errors.New("is not UTF-8")
	}
	zone := map[string]any{}
	if err := yaml.Unmarshal([]byte(text), &zone); err != nil {
		return nil, fmt.Errorf("is no YAML mapping: %w", err)
	}
	for _, key := range boardKeys {
		if _, there := zone[key]; there {
			return nil, fmt.Errorf("%s: is not for the engine, whose zones have a sensor and a heater on the log and no board", key)
		}
	}
	file := map[string]any{"device": "engine", "clock": "trust", "mqtt": map[string]any{"brokers": []string{"mqtt://localhost"}}, "zones": []any{zone}}
	if timezone, there := zone["timezone"]; there {
		file["timezone"] = timezone
		delete(zone, "timezone")
	}
	zone["name"] = "zone"
	zone["sensor"] = map[string]string{"driver": "mqtt", "topic": "sensor"}
	zone["heater"] = map[string]string{"driver": "mqtt", "topic": "heater"}
	whole, err := yaml.Marshal(file)
	if err != nil {
		return nil, err
	}
	cfg, complaints := config.Read("zones", whole)
	for _, c := range complaints {
		if !c.Warning {
			return nil, errors.New(strings.TrimPrefix(c.Path, "zones[0].") + ": " + c.Text)
		}
	}
	z := cfg.Zones[0]
	return &parameters{text: text, zone: setpoint.Zone{Name: z.Name, Params: z.Params, Default: z.Default, Comfort: z.Comfort}}, nil
}

// catalogue keeps what was read: thousands of zones have the same parameters.
type catalogue struct {
	mu    sync.Mutex
	known map[string]*parameters
	order []string
}

// maxCatalogue bounds how many different parameters are kept.
const maxCatalogue = 10_000

func (c *catalogue) read(text string) (*parameters, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.known[text]; p != nil {
		return p, nil
	}
	p, err := readParameters(text)
	if err != nil {
		return nil, err
	}
	if c.known == nil {
		c.known = map[string]*parameters{}
	}
	if len(c.order) == maxCatalogue {
		delete(c.known, c.order[0])
		c.order = slices.Delete(c.order, 0, 1)
	}
	c.known[text], c.order = p, append(c.order, text)
	return p, nil
}
