package reach

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"thermostat/mqtt/client"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
)

// maxPageProgram bounds a zone's program as the page tells it, in bytes: what is configured
// stands in it beside what was said.
const maxPageProgram = 2 * MaxPageAnswer

// Schedule tells a zone's program and how it stands.
func (p *Page) Schedule(ctx context.Context, _, zone string) (s client.Schedule, err error) {
	if s.State, err = p.state(ctx, zone); err == nil {
		s.Program, err = p.program(ctx, zone)
	}
	if p.config != nil {
		s.Timezone = p.config.Timezone
	}
	return s, err
}

// program is a zone's program as it is in force.
func (p *Page) program(ctx context.Context, zone string) (said wire.Program, err error) {
	c, err := p.request(ctx, http.MethodGet, "/api/zones/"+zone+"/program", nil)
	if err != nil {
		return said, err
	}
	defer c.Close()
	switch {
	case c.StatusCode == http.StatusNotFound || c.StatusCode == http.StatusMethodNotAllowed: // the zone is there
		return said, client.ErrNoPrograms
	case json.NewDecoder(io.LimitReader(c.Body, maxPageProgram)).Decode(&said) != nil:
		return said, p.strange(c.Response)
	}
	return said, nil
}

// setWeek changes the week alone, in the words of the topic set/program: presets and
// intervals stay as they are.
func (p *Page) setWeek(ctx context.Context, zone, text string) (a setpoint.Answer, err error) {
	is, err := p.program(ctx, zone)
	if err != nil {
		return a, err
	}
	switch text {
	case "none":
		text = ""
	case "default":
		if text = is.Configured; text == "" {
			return setpoint.Answer{Reason: setpoint.ErrNoneConfigured.Error()}, nil
		}
	}
	body, err := json.Marshal(setpoint.Program{Week: &text, Presets: is.OwnPresets(), Away: is.Away})
	if err != nil {
		return a, fmt.Errorf("the program of zone %s: %w", zone, err)
	}
	return p.ask(ctx, http.MethodPut, "/api/zones/"+zone+"/program", body)
}
