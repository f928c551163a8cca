package effective

import (
	"strings"
	"testing"

	"thermostat/agent/clitest"
	"thermostat/agent/config"
)

// TestAnAbsentOutputBoundsNothing: what a zone cannot do bounds nothing, and check
// prints no limit of it.
func TestAnAbsentOutputBoundsNothing(t *testing.T) {
	cooler := strings.Replace(clitest.Room, "heater:", "cooler:", 1)
	for _, row := range []struct{ text, prints string }{
		{clitest.Room + "    limits: {desired_min: 0}\n    default_setpoint: {desired: 0.5}\n", "desired 0..28 °C, never heated from 35 °C, plausible"},
		{cooler + "    limits: {desired_max: 40}\n    default_setpoint: {desired: 40}\n", "desired 5..40 °C, never cooled from 3 °C, plausible"},
	} {
		c, complaints := config.Read("f", []byte("device: cabin\n"+row.text))
		var got strings.Builder
		if err := Print(&got, c); err != nil || len(complaints) > 0 || !strings.Contains(got.String(), row.prints) {
			t.Errorf("%s\nprints\n%s%v", row.text, got.String(), complaints)
		}
	}
}
