package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/agent/cli"
	"thermostat/agent/clitest"
	"thermostat/agent/config"
	"thermostat/agent/reach"
	"thermostat/agent/set"
	"thermostat/mqtt/broker"
	"thermostat/mqtt/client"
	"thermostat/mqtt/setpoint"
)

// hostilePage is one of somebody who means harm, in front of set and watch.
func hostilePage(t *testing.T, handle http.HandlerFunc) *reach.Page {
	t.Helper()
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	return &reach.Page{Listen: s.Listener.Addr().String()}
}

// TestAForeignPageIsNeitherBelievedNorShownAsItIs: what answers is no agent, or one that means harm:
// nothing of it reaches the terminal as it is, and nothing is believed.
func TestAForeignPageIsNeitherBelievedNorShownAsItIs(t *testing.T) {
	const evil = `\u001b[2J\u009b\u202e\u007f`
	zones := `[{"zone":"room","sensor_id":7,"desired":20,"mode":"heat","reason":"in_band"}]`
	answer := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				fmt.Fprint(w, zones)
				return
			}
			w.WriteHeader(code)
			fmt.Fprint(w, body)
		}
	}
	desired := 21.0
	for _, c := range []struct {
		name   string
		handle http.HandlerFunc
		code   int
		says   string
	}{
		{"applied", answer(200, `{"applied":true,"mode":"`+evil+`","reason":"`+evil+`"}`), 0, "applied"},
		{"refused", answer(422, `{"applied":false,"reason":"`+evil+`"}`), 3, "refused"},
		{"busy", answer(503, `{"applied":false,"reason":"`+evil+`"}`), 4, "no answer"},
		{"no JSON", answer(200, "<html>\x1b[2J"), 4, "answers as no agent does"},
		{"endless", answer(200, `{"reason":"`+strings.Repeat("x", 2*reach.MaxPageAnswer)+`"}`), 4, "answers as no agent does"},
		{"no zones", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "\x1b[2J") }, 4, "answers as no agent does"},
		{"a zone's name", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `[{"zone":"\u001b[2J"}]`) }, 4, "has no zone"},
		{"elsewhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		}, 4, "answers as no agent does"},
	} {
		var out bytes.Buffer
		cmd := set.Command()
		cmd.SetContext(t.Context())
		cmd.SetOut(&out)
		w := reach.Way{Page: hostilePage(t, c.handle), PageOnly: true, Units: "C"}
		err := set.Ask(cmd, w, clitest.Patience, func(ctx context.Context, r reach.Agents) (setpoint.Answer, error) {
			return r.Set(ctx, client.Request{Zone: "room", Desired: &desired})
		})
		code := cli.Report(&out, err)
		if code != c.code || !strings.Contains(out.String(), c.says) || strings.ContainsAny(out.String(), "\x1b\x7f\u009b\u202e") {
			t.Errorf("%s: exit %d, %q", c.name, code, out.String())
		}
	}
}

// TestAPageThatIsSilentFor15SecondsEndsTheLook: nothing for 15 s is the end of a look.
func TestAPageThatIsSilentFor15SecondsEndsTheLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		go func() {
			r := make([]byte, 4096)
			_, _ = there.Read(r)
			fmt.Fprint(there, "HTTP/1.1 200 OK\r\n\r\nevent: hello\ndata: {\"device\":\"cabin\",\"zones\":[{\"name\":\"room\"}]}\n\n"+
				"event: zone\ndata: {\"zone\":\"room\"}\n\nevent: zone\ndata: {\"zone\":\"strange\"}\n\nevent: zone\ndata: nonsense\n\n")
		}()
		var seen []string
		p := &reach.Page{Listen: "cabin:8466", Dial: func(context.Context, string, string) (net.Conn, error) { return here, nil }}
		began := time.Now()
		err := p.Look(t.Context(), &reach.Look{Saw: func(s client.Event) { seen = append(seen, s.Device+"/"+s.Zone) }})
		if err == nil || time.Since(began) != reach.PageSilence || fmt.Sprint(seen) != "[cabin/ cabin/room]" {
			t.Errorf("%v after %v, seen %q", err, time.Since(began), seen)
		}
	})
}

func TestACommandIsShownAsAPersonTypesIt(t *testing.T) {
	if got := cli.Typed([]string{"set", "hall", "it's", "", "--up-delta=0.5"}); got != `set hall 'it'\''s' '' --up-delta=0.5` {
		t.Error(got)
	}
}

// TestWithoutConfigurationThePageStandsInForTheBroker: where no broker is
// named and none is at the usual place; and where the configuration is there
// and cannot be read, that is said beside what went wrong.
func TestWithoutConfigurationThePageStandsInForTheBroker(t *testing.T) {
	p := hostilePage(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "[]") })
	w := reach.Way{Access: broker.Access{Brokers: []string{"mqtt://127.0.0.1:1"}, Prefix: "thermostat"}, Units: "C", Page: p}
	w.Unread = &fs.PathError{Op: "open", Path: cli.DefaultConfig, Err: fs.ErrPermission}
	if got, err := w.Connect(t.Context()); got != reach.Agents(p) || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	w.Page = &reach.Page{Listen: "127.0.0.1:1"}
	if got, err := w.Connect(t.Context()); got != nil || err == nil || !strings.Contains(err.Error(), "broker mqtt://127.0.0.1:1") {
		t.Errorf("%v, %v", got, err)
	}
	cmd := set.Command()
	cmd.SetContext(t.Context())
	err := set.Ask(cmd, w, time.Second, func(context.Context, reach.Agents) (setpoint.Answer, error) { return setpoint.Answer{}, nil })
	if clitest.CodeOf(err) != cli.ExitNoAnswer || !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), cli.DefaultConfig) {
		t.Errorf("%v", err)
	}
}

// TestThePagesAddressIsToldOnlyWhereOthersReachIt: Home Assistant's link leads to it.
func TestThePagesAddressIsToldOnlyWhereOthersReachIt(t *testing.T) {
	proxy := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	for _, row := range []struct {
		http          config.HTTP
		machine, want string
	}{
		{config.HTTP{}, "cabin", ""},
		{config.HTTP{Listen: config.DefaultListen}, "cabin", ""},
		{config.HTTP{Listen: "[::1]:8466"}, "cabin", ""},
		{config.HTTP{Listen: "LocalHost:8466"}, "cabin", ""},
		{config.HTTP{Listen: "0.0.0.0:0"}, "cabin", ""},
		{config.HTTP{Listen: "[fe80::1%eth0]:8466"}, "cabin", ""},
		{config.HTTP{Listen: "0.0.0.0:8466"}, "", ""},
		{config.HTTP{Listen: "0.0.0.0:8466"}, "cabin", "http://cabin.local:8466/"},
		{config.HTTP{Listen: "[::]:8466"}, "cabin.lan", "http://cabin.lan:8466/"},
		{config.HTTP{Listen: ":80"}, "cabin", "http://cabin.local/"},
		{config.HTTP{Listen: ":8466", Hosts: []string{"heat.example", "x"}}, "cabin", "http://heat.example:8466/"},
		{config.HTTP{Listen: ":8466", Hosts: []string{"heat.example"}, Proxies: proxy}, "cabin", "http://cabin.local:8466/"},
		{config.HTTP{Listen: "192.168.1.5:8466", Hosts: []string{"heat.example"}}, "cabin", "http://192.168.1.5:8466/"},
		{config.HTTP{Listen: "[2001:db8::1]:80"}, "cabin", "http://[2001:db8::1]/"},
		{config.HTTP{Listen: "cabin.lan:8466"}, "x", "http://cabin.lan:8466/"},
	} {
		if got := pageURL(row.http, row.machine); got != row.want {
			t.Errorf("%+v on %q: %q, want %q", row.http, row.machine, got, row.want)
		}
	}
}
