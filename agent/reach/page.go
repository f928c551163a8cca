package reach

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"thermostat/agent/config"
	"thermostat/controlloop"
	"thermostat/controlloop/report"
	"thermostat/mqtt/broker"
	"thermostat/mqtt/client"
	"thermostat/mqtt/setpoint"
	"thermostat/status"
)

// Page is the agent's own page, through which set, program, watch and others speak with
// it where there is no broker.
type Page struct {
	Listen       string                                                               // as the agent has it; the address of all means this machine
	passwordFile string                                                               // empty: none
	config       *config.Config                                                       // nil: nobody knows it
	Dial         func(ctx context.Context, network, address string) (net.Conn, error) // nil: the usual one
}

// The most that is read of an answer, in bytes.
const (
	MaxPageAnswer = 64 << 10
	maxPageZones  = 8 << 20
)

// Close has nothing to do: each request has a connection of its own.
func (p *Page) Close() {}

// answers reports whether there is one.
func (p *Page) answers(ctx context.Context) bool {
	_, err := p.states(ctx)
	return err == nil
}

// Set gives the zone the complete control that a request means.
func (p *Page) Set(ctx context.Context, q client.Request) (setpoint.Answer, error) {
	state, err := p.state(ctx, q.Zone)
	if err == nil && q.Default {
		q, err = p.defaultOf(q)
	}
	if err != nil {
		return setpoint.Answer{}, err
	}
	control, err := q.JSON(state, p.planOf(q.Zone), time.Now())
	if err != nil {
		return setpoint.Answer{}, err
	}
	return p.ask(ctx, http.MethodPut, "/api/zones/"+q.Zone+"/control", control)
}

// Clear clears a zone's latched faults.
func (p *Page) Clear(ctx context.Context, _, zone string) (setpoint.Answer, error) {
	if _, err := p.state(ctx, zone); err != nil {
		return setpoint.Answer{}, err
	}
	return p.ask(ctx, http.MethodPost, "/api/zones/"+zone+"/clear", nil)
}

// Hand does what a topic below set/ does.
func (p *Page) Hand(ctx context.Context, _, zone, what, text string) (setpoint.Answer, error) {
	if _, err := p.state(ctx, zone); err != nil {
		return setpoint.Answer{}, err
	}
	if what == "program" {
		return p.setWeek(ctx, zone, text)
	}
	body, err := json.Marshal(map[string]string{"for": text})
	if err != nil || text == "" {
		body = nil
	}
	return p.ask(ctx, http.MethodPost, "/api/zones/"+zone+"/"+what, body)
}

// Away says that people go away, or come back, in the words of the topic.
func (p *Page) Away(ctx context.Context, _, text string) (a setpoint.AwayAnswer, err error) {
	said := map[string]any{"on": text != "off"}
	if until, is := strings.CutPrefix(text, "until "); is {
		said["until"] = until
	} else if text != "on" && text != "off" {
		said["for"] = text
	}
	body, err := json.Marshal(said)
	if err == nil {
		err = p.demand(ctx, http.MethodPut, "/api/away", body, maxPageZones, &a, &a.Reason)
	}
	return a, err
}

// defaultOf makes the way back to the configured setpoint a request for it:
// the page does not tell which it is.
func (p *Page) defaultOf(q client.Request) (client.Request, error) {
	if p.config == nil {
		return q, errors.New("which setpoint is the configured one is not known: name the agent's configuration by --config")
	}
	i := slices.IndexFunc(p.config.Zones, func(z config.Zone) bool { return z.Name == q.Zone && z.Configured })
	if i < 0 {
		return q, fmt.Errorf("zone %s has no configured setpoint to go back to", q.Zone)
	}
	d := p.config.Zones[i].Default
	q.Mode, q.UpDelta, q.DownDelta = &d.Mode, &d.UpDelta, &d.DownDelta
	if q.Desired = nil; !math.IsNaN(d.Desired) && d.Mode != controlloop.ModeAuto {
		q.Desired = &d.Desired
	}
	return q, nil
}

// planOf is what the configuration says of a zone's program, where it is known.
func (p *Page) planOf(zone string) client.Plan {
	if p.config != nil {
		for _, z := range p.config.Zones {
			if z.Name == zone {
				return client.Plan{Mode: z.Comfort.Mode, HoldMax: z.Comfort.HoldMax}
			}
		}
	}
	return client.Plan{}
}

// state is how a zone stands.
func (p *Page) state(ctx context.Context, zone string) (report.State, error) {
	all, err := p.states(ctx)
	if err != nil {
		return report.State{}, err
	}
	var names []string
	for _, r := range all {
		if r.Zone == zone {
			return r, nil
		}
		names = append(names, r.Zone)
	}
	slices.Sort(names)
	there := "; there are " + strings.Join(names, ", ")
	if p.hasSource(ctx, zone) {
		return report.State{}, client.SourceError(zone, there)
	}
	return report.State{}, fmt.Errorf("%w: the agent at http://%s has no zone %q%s", broker.ErrNoAnswer, p.Listen, zone, there)
}

// hasSource reports whether the agent has a source of heat of that name; an older one has none.
func (p *Page) hasSource(ctx context.Context, name string) bool {
	c, err := p.request(ctx, http.MethodGet, "/api/sources", nil)
	if err != nil {
		return false
	}
	defer c.Close()
	var all []report.Source
	err = json.NewDecoder(io.LimitReader(c.Body, maxPageZones)).Decode(&all)
	return err == nil && slices.ContainsFunc(all, func(s report.Source) bool { return s.Name == name })
}

func (p *Page) states(ctx context.Context) (all []report.State, err error) {
	c, err := p.request(ctx, http.MethodGet, "/api/zones", nil)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := json.NewDecoder(io.LimitReader(c.Body, maxPageZones)).Decode(&all); err != nil {
		return nil, p.strange(c.Response)
	}
	return all, nil
}

// ask demands a change and gives the agent's answer.
func (p *Page) ask(ctx context.Context, method, path string, body []byte) (a setpoint.Answer, err error) {
	err = p.demand(ctx, method, path, body, MaxPageAnswer, &a, &a.Reason)
	return a, err
}

// demand demands a change and puts the agent's answer, of so many bytes at most, into its
// place; reason is the place in it where a refusal says why.
func (p *Page) demand(ctx context.Context, method, path string, body []byte, most int64, answer any, reason *string) error {
	c, err := p.request(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer c.Close()
	if json.NewDecoder(io.LimitReader(c.Body, most)).Decode(answer) != nil {
		return p.strange(c.Response)
	}
	switch c.StatusCode {
	case http.StatusServiceUnavailable:
		return fmt.Errorf("%w: %s", broker.ErrNoAnswer, *reason)
	case http.StatusUnauthorized:
		if p.config == nil {
			*reason += ": name the agent's configuration by --config, it knows the password's file"
		}
	}
	return nil
}

// strange is the error for what no agent answers.
func (p *Page) strange(r *http.Response) error {
	return fmt.Errorf("%w: what is at http://%s answers as no agent does (%s)", broker.ErrNoAnswer, p.Listen, r.Status)
}

// exchange is a request that is answered, and its connection.
type exchange struct {
	*http.Response
	conn net.Conn
	end  func() bool // of the context's hold on the connection
}

// Close ends the connection.
func (e exchange) Close() {
	e.end()
	e.conn.Close()
}

// request asks on a connection of its own. Nothing but the agent's address is
// asked: no proxy that the environment names, no other host by a redirection.
func (p *Page) request(ctx context.Context, method, path string, body []byte) (e exchange, err error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://localhost"+path, bytes.NewReader(body))
	if err != nil {
		return e, err
	}
	r.Close = true
	if method != http.MethodGet && p.passwordFile != "" {
		password, err := status.ReadPassword(p.passwordFile)
		if err != nil {
			return e, err
		}
		r.SetBasicAuth("cli", password)
	}
	dial := p.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	if e.conn, err = dial(ctx, "tcp", p.Listen); err != nil {
		return e, fmt.Errorf("%w: no agent has its page at http://%s (%w): does it run?", broker.ErrNoAnswer, p.Listen, err)
	}
	e.end = context.AfterFunc(ctx, func() { e.conn.Close() })
	if err = r.Write(e.conn); err == nil {
		e.Response, err = http.ReadResponse(bufio.NewReader(e.conn), r)
	}
	if err != nil {
		e.Close()
		return e, fmt.Errorf("%w: the page at http://%s: %w", broker.ErrNoAnswer, p.Listen, err)
	}
	return e, nil
}

// pageOf is the page that a configuration has.
func pageOf(cfg config.Config) *Page {
	return &Page{Listen: cfg.HTTP.Listen, passwordFile: cfg.HTTP.PasswordFile, config: &cfg}
}
