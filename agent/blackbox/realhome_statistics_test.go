package blackbox

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"thermostat/agent/clitest"
)

// TestARealHomeAssistantKeepsStatistics: of what is measured a mean, of what is counted a sum, over five minutes and over
// an hour. Its clock stands shortly before a full hour when it starts.
func TestARealHomeAssistantKeepsStatistics(t *testing.T) {
	t.Parallel()
	hour := time.Now().UTC().Truncate(time.Hour).Add(26 * time.Hour)
	h, _, _ := openHome(t, "metric", "", hour.Add(-75*time.Second).Format(time.DateTime))
	h.isAvailable(homeEntities())
	type data = map[string]any
	for i := range 3 { // each time the heater goes on once
		h.commands(commandStep{"climate.set_temperature", "room", data{"temperature": 25}, "", "heat", 25}, false)
		h.shows("binary_sensor.room_heat_call", "", "on")
		h.shows("sensor.room_heater_cycles", "", fmt.Sprint(i+1))
		clitest.Eventually(t, func() error { // a thousandth of an hour is 3.6 s
			s, err := h.state("sensor.room_heater_runtime")
			if hours, _ := strconv.ParseFloat(s.State, 64); err != nil || hours == 0 {
				return fmt.Errorf("the heater ran for %s h (%v)", s.State, err)
			}
			return nil
		})
		h.commands(commandStep{"climate.set_temperature", "room", data{"temperature": 10}, "", "heat", 10}, false)
		h.shows("binary_sensor.room_heat_call", "", "off")
	}
	mean := []string{"sensor.room_temperature", "sensor.den_temperature", "sensor.den_humidity", "sensor.fridge_temperature"}
	sum := []string{
		"sensor.room_heater_cycles", "sensor.room_heater_runtime", "sensor.den_heater_cycles", "sensor.den_heater_runtime",
		"sensor.den_cooler_cycles", "sensor.den_cooler_runtime", "sensor.fridge_cooler_cycles", "sensor.fridge_cooler_runtime",
	}
	h.keepsStatistics("mean", mean)
	h.keepsStatistics("sum", sum)
	for _, period := range []string{"5minute", "hour"} {
		rows := h.statistics(period, hour.Add(-time.Hour), append(mean, sum...))
		if got := rows["sensor.room_temperature"]; got.Mean == nil || *got.Mean < 17.9 || *got.Mean > 18.1 {
			t.Errorf("%s: the room's mean is %v, want 18", period, deref(got.Mean))
		}
		if got := rows["sensor.den_humidity"]; got.Mean == nil || math.Abs(*got.Mean-45) > 0.01 {
			t.Errorf("%s: the den's mean humidity is %v, want 45", period, deref(got.Mean))
		}
		if got := rows["sensor.room_heater_cycles"]; got.Sum == nil || *got.Sum != 3 {
			t.Errorf("%s: %v cycles, want 3", period, deref(got.Sum))
		}
		if got := rows["sensor.room_heater_runtime"]; got.Sum == nil || *got.Sum <= 0 || *got.Sum > 0.1 {
			t.Errorf("%s: %v h of heat", period, deref(got.Sum))
		}
	}
}

// keepsStatistics waits until statistics of this kind are kept of each of these, and of no others.
func (h *realHome) keepsStatistics(kind string, want []string) {
	h.t.Helper()
	clitest.WaitFor(h.t, 3*time.Minute, func() error {
		var all []struct {
			ID string `json:"statistic_id"`
		}
		if err := h.tryAsk("recorder/list_statistic_ids", map[string]any{"statistic_type": kind}, &all); err != nil {
			return err
		}
		var has []string
		for _, s := range all {
			has = append(has, s.ID)
		}
		if got, want := slices.Sorted(slices.Values(has)), slices.Sorted(slices.Values(want)); !slices.Equal(got, want) {
			return fmt.Errorf("a %s is kept of %q,\nwant %q", kind, got, want)
		}
		return nil
	})
}

type statisticsRow struct{ Mean, Sum *float64 }

// statistics waits for a row of each of these, and gives its newest.
func (h *realHome) statistics(period string, from time.Time, ids []string) map[string]statisticsRow {
	h.t.Helper()
	newest := map[string]statisticsRow{}
	clitest.WaitFor(h.t, 3*time.Minute, func() error {
		var rows map[string][]statisticsRow
		err := h.tryAsk("recorder/statistics_during_period", map[string]any{
			"start_time": from.Format(time.RFC3339), "statistic_ids": ids, "period": period, "types": []string{"mean", "sum"},
		}, &rows)
		if err != nil || len(rows) < len(ids) {
			return fmt.Errorf("statistics of each %s are kept of %q (%v)", period, slices.Sorted(maps.Keys(rows)), err)
		}
		for id, all := range rows {
			newest[id] = all[len(all)-1]
		}
		return nil
	})
	return newest
}
