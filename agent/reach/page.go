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

	"thermostat/agent/config"
	"thermostat/controlloop/report"
	"thermostat/mqtt/broker"
	"thermostat/mqtt/client"
	"thermostat/mqtt/setpoint"
	"thermostat/status"
)

// Page is the agent's own page, through which set, clear and watch speak with
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
	control, err := q.JSON(state)
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
	if q.Desired = nil; !math.IsNaN(d.Desired) {
		q.Desired = &d.Desired
	}
	return q, nil
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
	return report.State{}, fmt.Errorf("%w: the agent at http://%s has no zone %q; there are %s", broker.ErrNoAnswer, p.Listen, zone, strings.Join(names, ", "))
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
	c, err := p.request(ctx, method, path, body)
	if err != nil {
		return a, err
	}
	defer c.Close()
	if json.NewDecoder(io.LimitReader(c.Body, MaxPageAnswer)).Decode(&a) != nil {
		return setpoint.Answer{}, p.strange(c.Response)
	}
	switch c.StatusCode {
	case http.StatusServiceUnavailable:
		return a, fmt.Errorf("%w: %s", broker.ErrNoAnswer, a.Reason)
	case http.StatusUnauthorized:
		if p.config == nil {
			a.Reason += ": name the agent's configuration by --config, it knows the password's file"
		}
	}
	return a, nil
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
