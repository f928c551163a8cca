package simulate

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"thermostat/agent/clitest"
	"thermostat/agent/simulate/site"
)

// The house of four simulated rooms, and one of real hardware.
const (
	fourRooms = "../../examples/simulated-boiler.yaml"
	fourReal  = "../../examples/house.yaml"
)

// together gives what --json tells of rooms and sources.
func together(t *testing.T, args ...string) (runs map[string]runJSON, sources []site.JSON) {
	t.Helper()
	out, errs, err := runSimulate(append(args, "--json")...)
	var got struct {
		Runs    []runJSON
		Sources []site.JSON
	}
	if err == nil {
		err = json.Unmarshal([]byte(out), &got)
	}
	if err != nil {
		t.Fatalf("%v: %v %s %s", args, err, out, errs)
	}
	runs = map[string]runJSON{}
	for _, r := range got.Runs {
		runs[r.Zone+settingsOf(r)] = r
	}
	return runs, got.Sources
}

func settingsOf(r runJSON) string {
	if len(r.Settings) == 0 {
		return ""
	}
	return " " + r.Settings["up_delta"]
}

// TestTheHeatOfABoilerIsInItsRooms: what the burner gave, the rooms had, but for what the boiler loses to its
// own room and what is left in its water; and both are what such rooms need on such days.
func TestTheHeatOfABoilerIsInItsRooms(t *testing.T) {
	for file, days := range map[string]string{fourRooms: "4", fourReal: "0.5"} {
		runs, sources := together(t, "--config", file, "--days", days, "--outdoor", "0", "--swing", "0", "--sun", "0")
		if len(runs) != 4 || len(sources) != 1 {
			t.Fatalf("%s: %+v %+v", file, runs, sources)
		}
		s, rooms, hours := sources[0], 0.0, runs["bath"].Days*24
		for name, r := range runs {
			rooms += *r.EnergyKWh
			// 45 W/K to the outdoors of 0 °C, and what air and walls had more at the beginning
			need := 0.045 * hours * (r.Desired + r.ColdestCelsius) / 2
			if math.Abs(*r.EnergyKWh-need) > 0.15*need+6 || r.HeatingShare < 0.05 || r.Room != "radiator" || len(r.Faults) > 0 {
				t.Errorf("%s: %s needs some %.0f kWh and has %.1f: %+v", file, name, need, *r.EnergyKWh, r)
			}
		}
		lost := s.EnergyKWh - rooms // 5 W/K to 20 °C, and 2 kWh are in the water
		if math.Abs(rooms-s.RoomsKWh) > 0.001 || lost < 0.005*hours*10 || lost > 0.005*hours*60+2 {
			t.Errorf("%s: the rooms had %.1f kWh: %+v", file, rooms, s)
		}
		if s.StartsPerHour < 0.2 || s.StartsPerHour > 3 || s.HoursOn < 0.3*hours || s.PumpHours < s.HoursOn || s.PumpHours > hours || s.FlowHottest < 60 || s.FlowHottest > 82 {
			t.Errorf("%s: %+v", file, s)
		}
	}
}

// TestAZoneIsSimulatedWithAllThatShareItsBoiler: --zone picks what is told of, and the figures are the same. One that
// is off stays off then.
func TestAZoneIsSimulatedWithAllThatShareItsBoiler(t *testing.T) {
	all, sources := together(t, "--config", fourRooms, "--days", "1")
	one, same := together(t, "--config", fourRooms, "--days", "1", "--zone", "bath")
	if len(one) != 1 || !reflect.DeepEqual(one["bath"], all["bath"]) || !reflect.DeepEqual(sources, same) {
		t.Errorf("%+v\n%+v\n%+v\n%+v", one, all["bath"], same, sources)
	}
	text, err := os.ReadFile(fourRooms)
	if err != nil {
		t.Fatal(err)
	}
	off := clitest.Written(t, strings.Replace(string(text), "{mode: heat, desired: 17, up_delta: 0.5, down_delta: 0.5}", "{mode: off}", 1))
	if _, _, err := runSimulate("--config", off, "--days", "1"); clitest.CodeOf(err) != 2 || !strings.Contains(err.Error(), "zone hall: holds nothing") {
		t.Errorf("%v", err)
	}
	if _, three := together(t, "--config", off, "--days", "1", "--zone", "bath"); three[0].EnergyKWh > 0.95*sources[0].EnergyKWh {
		t.Errorf("%+v is no less than %+v", three, sources)
	}
}

// TestEveryRoomOfABoilerTriesTheSameSettingsAtOnce: of each combination there is one run of the house.
func TestEveryRoomOfABoilerTriesTheSameSettingsAtOnce(t *testing.T) {
	runs, sources := together(t, "--config", fourRooms, "--days", "1", "--vary", "up_delta=0.1,0.5")
	if len(runs) != 8 || len(sources) != 2 || sources[0].Settings["up_delta"] != "0.1" || sources[0].StartsPerHour <= sources[1].StartsPerHour {
		t.Errorf("%d runs, %+v: the wider band saves starts", len(runs), sources)
	}
	out, _, err := runSimulate("--config", fourRooms, "--days", "0.1", "--vary", "up_delta=0.1,0.5", "--zone", "bath")
	if err != nil || strings.Count(out, "bath ") != 2 || strings.Contains(out, "hall") || !strings.Contains(out, "  SOURCE  UP_DELTA  STARTS/HOUR") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestWhatBreaksInARoomKeepsTheBoilerOff: no valve opens, and nothing burns. The picture is of each room.
func TestWhatBreaksInARoomKeepsTheBoilerOff(t *testing.T) {
	picture := filepath.Join(t.TempDir(), "day.svg")
	runs, sources := together(t, "--config", fourRooms, "--days", "1", "--fault", "sensor-gone@0h", "--plot", picture)
	if s := sources[0]; s.EnergyKWh != 0 || s.HoursOn != 0 || *runs["bath"].EnergyKWh != 0 || len(runs["bath"].Faults) == 0 {
		t.Errorf("%+v %+v", s, runs["bath"])
	}
	drawn, _ := filepath.Glob(strings.TrimSuffix(picture, ".svg") + "-*.svg")
	if len(drawn) != 4 {
		t.Errorf("%v", drawn)
	}
}

// TestWhatABoilersWaterCannotDoIsRefused: with what to do instead.
func TestWhatABoilersWaterCannotDoIsRefused(t *testing.T) {
	for _, row := range []struct{ args, want string }{
		{"--zone bath --trace ../../examples/recording.csv", "zone bath: trace: no recording tells of the water of boiler, by which it is heated: take a copy of the configuration without sources and calls"},
		{"--zone bath --trace ../../examples/recording.csv --room trace", "zone bath: trace: no recording tells of the water of boiler"},
		{"--zone bath --room linear", "room: linear is not heated by the water of boiler: name one of room, timber, massive, panel, radiator by --room"},
	} {
		_, _, err := runSimulate(append([]string{"--config", fourRooms}, strings.Fields(row.args)...)...)
		if clitest.CodeOf(err) != 2 || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v", row.args, err)
		}
	}
	if runs, _ := together(t, "--config", fourRooms, "--room", "massive", "--days", "0.1"); runs["bath"].Room != "massive" {
		t.Errorf("%+v", runs)
	}
}
