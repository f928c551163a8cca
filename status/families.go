package status

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// desc is what is fixed of a metric. Values are told with the values of its labels.
type desc struct {
	name, help string
	labels     []string
}

// families are the metrics of one scrape, by their name.
type families map[string]*dto.MetricFamily

func (f families) gauge(d *desc, value float64, labels ...string) {
	f.add(d, dto.MetricType_GAUGE, &dto.Metric{Gauge: &dto.Gauge{Value: &value}}, labels)
}

func (f families) counter(d *desc, value float64, labels ...string) {
	f.add(d, dto.MetricType_COUNTER, &dto.Metric{Counter: &dto.Counter{Value: &value}}, labels)
}

// plain tells a metric without labels: a counter, where its name ends in _total.
func (f families) plain(name, help string, value float64) {
	d := &desc{name: name, help: help}
	if strings.HasSuffix(name, "_total") {
		f.counter(d, value)
	} else {
		f.gauge(d, value)
	}
}

func (f families) add(d *desc, kind dto.MetricType, m *dto.Metric, labels []string) {
	for i := range labels {
		m.Label = append(m.Label, &dto.LabelPair{Name: &d.labels[i], Value: &labels[i]})
	}
	slices.SortFunc(m.Label, func(a, b *dto.LabelPair) int { return cmp.Compare(a.GetName(), b.GetName()) })
	if f[d.name] == nil {
		f[d.name] = &dto.MetricFamily{Name: &d.name, Help: &d.help, Type: &kind}
	}
	f[d.name].Metric = append(f[d.name].Metric, m)
}

// write writes the families in order; of names, if there are any, only these.
func (f families) write(w io.Writer, names []string) error {
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if len(names) > 0 && !slices.Contains(names, name) {
			continue
		}
		slices.SortFunc(f[name].Metric, byLabels)
		if _, err := expfmt.MetricFamilyToText(w, f[name]); err != nil {
			return err
		}
	}
	return nil
}

// byLabels orders metrics of one name by the values of their labels.
func byLabels(a, b *dto.Metric) int {
	return slices.CompareFunc(a.Label, b.Label, func(a, b *dto.LabelPair) int { return cmp.Compare(a.GetValue(), b.GetValue()) })
}

// textFormat is the one form that every scraper takes. Prometheus' protocol
// buffers would cost 131,072 bytes of the binary, and say the same.
const textFormat = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"

// serveMetrics answers scrapes, a few at a time and none for long. Nothing is
// compressed: a compressor would take more memory than all the rest.
func serveMetrics(gather func() families) http.Handler {
	places := make(chan struct{}, maxScrapes)
	scrape := func(w http.ResponseWriter, r *http.Request) {
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
		default:
			http.Error(w, fmt.Sprintf("Limit of concurrent requests reached (%d), try again later.", maxScrapes), http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", textFormat)
		_ = gather().write(w, r.URL.Query()["name[]"]) // who is gone reads nothing
	}
	return http.TimeoutHandler(http.HandlerFunc(scrape), answerTime, fmt.Sprintf("Exceeded configured timeout of %v.\n", answerTime))
}
