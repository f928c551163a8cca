package status

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.yaml.in/yaml/v4"

	"thermostat/controlloop"
	"thermostat/controlloop/foresee"
	"thermostat/controlloop/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

// page is what a scrape of two zones gives: one with all there is, one that
// knows nothing yet. Our own metrics only.
func scrape(t *testing.T) string {
	t.Helper()
	w := httptest.NewRecorder()
	synctest.Test(t, func(t *testing.T) { // for its clock
		no := false
		both := params()
		both.Cooler = true
		o := (&site{t: t}).options()
		o.Zones = []Zone{{Name: "hall", Params: both}, {Name: "attic", Params: params()}}
		o.Connected, o.Failsafe = func() bool { return true }, func() *bool { return &no }
		o.Counters = func(zone string) controlloop.Counters {
			if zone == "attic" {
				return controlloop.Counters{}
			}
			return controlloop.Counters{
				Heater: controlloop.OutputCounters{Cycles: 12, On: 90 * time.Minute}, Accepted: 3, Refused: 1, Faults: map[controlloop.FaultName]uint64{"sensor": 2},
			}
		}
		o.Sources = []Source{{"boiler", true}, {"stove", false}}
		s := New(o)
		s.SawSource(report.SourceSnapshot{Name: "boiler", Time: time.Now(), Relay: controlloop.RelayOn, Pump: controlloop.RelayOn, Reason: "demand",
			Calling: []string{"hall"}, Cycles: 7, On: 3 * time.Hour, Faults: []controlloop.Fault{{Name: "memory"}}})
		snap := at(time.Now(), 20.25, true)
		snap.State.Reading.Humidity = 45
		snap.HasCooler, snap.CoolerRelay, snap.SafetyRelay = true, controlloop.RelayOff, controlloop.RelayOn
		snap.Faults = []controlloop.Fault{{Name: "fallback_sensor"}}
		snap.Target.Window = controlloop.WindowOpen
		snap.Foresight = controlloop.Foreseen{Segments: 9, Model: foresee.Model{Trusted: true, Lag: 0.5, Gain: 2.5}, Starts: 19.5, Budget: 16, Unmet: true}
		snap.Answers = 4
		s.Saw(snap)
		snap.Answers, snap.Heard = 6, "crc"
		s.Saw(snap)
		time.Sleep(1500 * time.Millisecond)
		serveMetrics(func() families {
			ours := families{}
			newCollector(s).collect(ours)
			return ours
		}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	})
	if w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return strings.ReplaceAll(w.Body.String(), runtime.Version(), "GO")
}

// Names, labels, help and values are those of a golden page; go test
// ./status -update writes it.
func TestMetricsAreThoseOfTheGoldenPage(t *testing.T) {
	const golden = "testdata/metrics.txt"
	got := scrape(t)
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("not as in %s:\n%s", golden, got)
	}
	problems, err := promlint.New(strings.NewReader(got)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
}

// TestEveryMetricStandsInTheDocument: with its whole name, or with what follows thermostat_.
func TestEveryMetricStandsInTheDocument(t *testing.T) {
	text, err := os.ReadFile("../docs/http.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE thermostat(_\w+)`).FindAllStringSubmatch(scrape(t), -1) {
		if !strings.Contains(string(text), "`"+m[1]+"`") && !strings.Contains(string(text), "`thermostat"+m[1]+"`") {
			t.Errorf("docs/http.md does not name thermostat%s", m[1])
		}
	}
}

// TestMetricsOfRuntimeAndProcessAreTheLibrarys: their order, names, labels, kinds
// and words are those of Prometheus' client library, and so is the choice by
// name. Whatever form is asked for, the text comes.
func TestMetricsOfRuntimeAndProcessAreTheLibrarys(t *testing.T) {
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(collectors.NewGoCollector())
	if runtime.GOOS == "linux" {
		r.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	library := promhttp.HandlerFor(r, promhttp.HandlerOpts{DisableCompression: true, ErrorHandling: promhttp.HTTPErrorOnError})
	ours := serveMetrics(func() families {
		all := families{}
		collectRuntime(all)
		collectProcess(all)
		return all
	})
	for _, query := range []string{"", "?name[]=go_info&name[]=go_threads", "?name[]=none"} {
		want := scraped(library, "", query)
		for _, accept := range []string{"", "*/*", "text/plain", "application/openmetrics-text;version=1.0.0",
			"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"} {
			if got := scraped(ours, accept, query); got != want {
				t.Errorf("%s %s\n%s\nthe library's:\n%s", accept, query, got, want)
			}
		}
	}
}

// scraped gives an answer's form, and its metrics without their values.
func scraped(h http.Handler, accept, query string) string {
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/metrics"+query, nil)
	r.Header.Set("Accept", accept)
	h.ServeHTTP(w, r)
	value := regexp.MustCompile(`(?m)^([^#].*) \S+$`)
	return fmt.Sprintln(w.Code, w.Header().Get("Content-Type")) + value.ReplaceAllString(w.Body.String(), "$1")
}

// TestScrapesAtATimeAreFew: one too many is sent away, and finds a place later.
func TestScrapesAtATimeAreFew(t *testing.T) {
	going, goOn := make(chan struct{}), make(chan struct{})
	h := serveMetrics(func() families {
		going <- struct{}{}
		<-goOn
		return families{}
	})
	ask := func() int {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		return w.Code
	}
	var all sync.WaitGroup
	for range maxScrapes {
		all.Go(func() {
			if code := ask(); code != 200 {
				t.Error(code)
			}
		})
		<-going
	}
	if code := ask(); code != 503 {
		t.Errorf("one more than %d: %d", maxScrapes, code)
	}
	close(goOn)
	all.Wait()
	all.Go(func() { <-going })
	if code := ask(); code != 200 {
		t.Errorf("later: %d", code)
	}
	all.Wait()
}

// TestThePromisedMetricsAreThere: those that are promised are there.
func TestThePromisedMetricsAreThere(t *testing.T) {
	page := scrape(t)
	for _, promised := range strings.Fields(`temperature_celsius{ desired_celsius{ humidity_ratio{ action{action= relay_on{relay= reading_age_seconds{
		readings_total{verdict= switches_total{relay= on_seconds_total{relay= fault{name= controls_total{result= broker_connected build_info{`) {
		if !strings.Contains(page, "\nthermostat_"+promised) {
			t.Errorf("%s is missing", promised)
		}
	}
	s := open(t, nil)
	if _, text := s.ask("GET", "/metrics", ""); strings.Contains(text, "thermostat_broker_connected") || strings.Contains(text, "thermostat_failsafe") || !strings.Contains(text, "go_goroutines") {
		t.Error("without a broker and GPIO nothing is told of them; the process tells of itself")
	}
}

// TestTheDocumentedFaultsAreToldAsZero: the list in docs/topics.md is the one that is told as 0.
func TestTheDocumentedFaultsAreToldAsZero(t *testing.T) {
	text, err := os.ReadFile("../docs/topics.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := strings.Fields(string(regexp.MustCompile("Faults: `([a-z_\\s]+)`").FindSubmatch(text)[1]))
	slices.Sort(listed)
	var ours []string
	for _, name := range controlloop.FaultNames() {
		ours = append(ours, string(name))
	}
	slices.Sort(ours)
	if !slices.Equal(listed, ours) {
		t.Errorf("docs/topics.md %v\nmetrics %v", listed, ours)
	}
}

const (
	alerts    = "../examples/prometheus/alerts.yaml"
	dashboard = "../examples/grafana/thermostat.json"
)

// TestAlertRulesAskForMetricsThatExist: they have the form that Prometheus loads, and ask for metrics that exist.
func TestAlertRulesAskForMetricsThatExist(t *testing.T) {
	text, err := os.ReadFile(alerts)
	if err != nil {
		t.Fatal(err)
	}
	var rules struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.Load(text, &rules, yaml.WithKnownFields()); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			n++
			if r.Alert == "" || r.Annotations["summary"] == "" || r.Labels["severity"] == "" {
				t.Errorf("%+v", r)
			}
			checkExpression(t, r.Alert, r.Expr)
		}
	}
	if n < 5 {
		t.Errorf("%d rules", n)
	}
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Log("promtool is not installed: the rules are not checked by it")
		return
	}
	if out, err := exec.Command("promtool", "check", "rules", alerts).CombinedOutput(); err != nil {
		t.Errorf("%s", out)
	}
}

// TestTheDashboardAsksForMetricsThatExist: every panel asks for metrics that exist, of a data source that
// the person who loads it chooses.
func TestTheDashboardAsksForMetricsThatExist(t *testing.T) {
	text, err := os.ReadFile(dashboard)
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		UID, Title    string
		SchemaVersion int
		Panels        []struct {
			ID          int
			Type, Title string
			GridPos     struct{ H, W, X, Y int }
			Datasource  struct{ Type, UID string }
			Targets     []struct{ RefID, Expr string }
		}
		Templating struct{ List []struct{ Name, Type string } }
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	if board.UID == "" || board.Title == "" || board.SchemaVersion < 30 || len(board.Panels) < 6 {
		t.Errorf("%+v", board)
	}
	ids := map[int]bool{}
	for _, p := range board.Panels {
		if p.Datasource.UID != "${datasource}" || len(p.Targets) == 0 || p.GridPos.W == 0 || p.Title == "" || ids[p.ID] {
			t.Errorf("%+v", p)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			checkExpression(t, p.Title, target.Expr)
		}
	}
}

var (
	metricName = regexp.MustCompile(`\b(thermostat_[a-z_]+|up)\b`)
	labelPair  = regexp.MustCompile(`(\w+)=~?"([^"$]*)"`)
)

// checkExpression wants our metrics in it, and of labels only those they have.
func checkExpression(t *testing.T, where, expr string) {
	t.Helper()
	page := scrape(t) + "\nup{"
	names := metricName.FindAllString(expr, -1)
	if len(names) == 0 {
		t.Errorf("%s asks for nothing of ours: %s", where, expr)
	}
	for _, name := range names {
		if !strings.Contains(page, "\n"+name+"{") && !strings.Contains(page, "\n"+name+" ") {
			t.Errorf("%s: there is no metric %s", where, name)
		}
	}
	for _, pair := range labelPair.FindAllStringSubmatch(expr, -1) {
		for _, value := range strings.Split(pair[2], "|") {
			if pair[1] != "job" && !strings.Contains(page, fmt.Sprintf("%s=%q", pair[1], value)) {
				t.Errorf("%s: nothing has %s=%q", where, pair[1], value)
			}
		}
	}
}
