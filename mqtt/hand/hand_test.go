package hand

import (
	"strings"
	"testing"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/mqtt/setpoint"
)

// TestARefusalShowsTheBeginningOfALongText: it goes into the log and back to the broker, and a moment may
// have as many digits as anybody likes.
func TestARefusalShowsTheBeginningOfALongText(t *testing.T) {
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	refused := func(does Does, err error) string {
		if err == nil {
			_, err = does(&comfort.Plan{}, controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 20}, comfort.Clock{Trusted: true})
		}
		if err == nil {
			return ""
		}
		return err.Error()
	}
	long := strings.Repeat("0", 50_000)
	for _, text := range []string{"2020-01-01T00:00:00." + long + "Z", "2020-01-01T00:00:00Z", long, "x" + long, long + "d"} {
		for _, what := range []string{"desired", "mode", "preset", "boost", "hold", "power"} {
			if why := refused(Of(what, text, now, setpoint.Zone{}, controlloop.ModeNone), nil); len(why) > 400 || why == "" && what == "hold" {
				t.Errorf("%s %.30s: %d bytes: %.60s", what, text, len(why), why)
			}
		}
		for _, text := range []string{text, "until " + text} {
			does, _, err := Away(text, now)
			if why := refused(does, err); len(why) > 400 || why == "" {
				t.Errorf("away %.30s: %d bytes: %.60s", text, len(why), why)
			}
		}
	}
}
