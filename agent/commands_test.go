package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"thermostat/agent/cli"
	"thermostat/agent/set"
	"thermostat/agent/simulate"
)

func TestATemperatureIsReadInItsUnitOrRefused(t *testing.T) {
	for _, c := range []struct {
		text, units string
		want        float64
	}{
		{"21.5", "C", 21.5}, {"21.5C", "F", 21.5}, {"70F", "C", 21.1111}, {"70", "F", 21.1111}, {"70f", "C", 21.1111}, {"−18", "C", -18}, {"−4F", "C", -20},
	} {
		if got, err := cli.ParseTemperature(c.text, c.units); err != nil || got != c.want {
			t.Errorf("%s in %s: %v, %v; want %v", c.text, c.units, got, err, c.want)
		}
	}
	for _, text := range []string{"", "C", "warm", "NaN", "Inf", "21,5", "21.5K", "1e999", "2_1", "0x15", "0x1.8p4F", "+21", " 21", "21 "} {
		if got, err := cli.ParseTemperature(text, "C"); err == nil {
			t.Errorf("%q is taken as %v", text, got)
		}
	}
}

// TestAFlagTakesANumberAsPeopleWriteIt: a flag takes a number as people write it, and nothing else.
func TestAFlagTakesANumberAsPeopleWriteIt(t *testing.T) {
	for _, row := range []struct {
		flag, text string
		sound      bool
	}{
		{"--up-delta", "0.5", true}, {"--up-delta", "5_0", false}, {"--up-delta", "0x1p-1", false}, {"--down-delta", "inf", false}, {"--down-delta", "+1", false},
	} {
		err := set.Command().ParseFlags([]string{row.flag, row.text})
		if (err == nil) != row.sound {
			t.Errorf("%s %s: %v", row.flag, row.text, err)
		}
	}
	for text, sound := range map[string]bool{"16": true, "010": false, "0x10": false, "1_6": false, "2147483648": false, "a": false} {
		if err := heaterCommand().ParseFlags([]string{"--sensor-id", text}); (err == nil) != sound {
			t.Errorf("--sensor-id %s: %v", text, err)
		}
	}
	for text, sound := range map[string]bool{"18446744073709551615": true, "18446744073709551616": false, "010": false, "0x10": false, "1_6": false, "-1": false, "1 2": false} {
		if err := simulate.Command().ParseFlags([]string{"--seed", text}); (err == nil) != sound {
			t.Errorf("--seed %s: %v", text, err)
		}
	}
	if err := simulate.Command().ParseFlags([]string{"--seeds", "010"}); err == nil {
		t.Error("--seeds 010 is taken")
	}
}

func TestANegativeTemperatureIsNotTakenForAFlag(t *testing.T) {
	got := cli.Signs(strings.Fields("set fridge -18 --up-delta -1 --mode cool -4F"))
	if want := strings.Fields("set fridge −18 --up-delta -1 --mode cool −4F"); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got := cli.Signs([]string{"watch", "-1"}); got[1] != "-1" {
		t.Errorf("%q", got)
	}
}

// TestANegativeTemperatureStandsBehindAFlagThatTakesNoValue: a flag without a value, or with its own, does not take the temperature.
func TestANegativeTemperatureStandsBehindAFlagThatTakesNoValue(t *testing.T) {
	before := []string{"--mode=cool", "--up-delta=-1"}
	set.Command().Flags().VisitAll(func(f *pflag.Flag) {
		if f.NoOptDefVal != "" {
			before = append(before, "--"+f.Name)
		}
	})
	if len(before) < 4 {
		t.Fatalf("only %q", before)
	}
	for _, flag := range before {
		if got := cli.Signs([]string{"set", "fridge", flag, "-18"}); got[3] != "−18" {
			t.Errorf("%q", got)
		}
	}
}

// TestOfManyErrorsTheFirstFewAreToldInOneLine: of thousands that have one cause the first few are told, in one line.
func TestOfManyErrorsTheFirstFewAreToldInOneLine(t *testing.T) {
	var errs []error
	for i := range 1000 {
		errs = append(errs, fmt.Errorf("relay %d", i))
	}
	if got := cli.InOneLine(errors.Join(errs...)); got != "relay 0; relay 1; relay 2; relay 3; relay 4; and 995 more" {
		t.Error(got)
	}
	if got := cli.InOneLine(errors.New("busy")); got != "busy" {
		t.Error(got)
	}
}
