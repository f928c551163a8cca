package kernel

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"thermostat/controlloop"
	"thermostat/drivers/hostfs"
)

// board is a made-up /sys with one device, bound to a driver.
func board(t *testing.T, at Spec, driver, chip string, values map[string]string) hostfs.Root {
	t.Helper()
	files := hostfs.Root(t.TempDir())
	plant(t, files, at, driver, chip, values)
	return files
}

func plant(t *testing.T, files hostfs.Root, at Spec, driver, chip string, values map[string]string) {
	t.Helper()
	put := func(file, text string) {
		path := files.Path(at.folder(), file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("name", chip)
	for file, text := range values {
		put(file, text)
	}
	if driver == "" {
		return
	}
	if err := os.Symlink("../../../bus/i2c/drivers/"+driver, files.Path(at.folder(), "driver")); err != nil {
		t.Fatal(err)
	}
}

func judged(err error) controlloop.Verdict {
	var bad *controlloop.BadReading
	if errors.As(err, &bad) {
		return bad.Verdict
	}
	if err != nil {
		return "an error without a verdict"
	}
	return controlloop.VerdictOK
}

// The numbers are those that the kernel's documents give for each interface:
// hwmon in thousandths, IIO's raw values with the offset before the scale, kPa.
func TestEachWayOfTheKernelToTellATemperatureIsRead(t *testing.T) {
	none := math.NaN()
	for name, row := range map[string]struct {
		spec                      Spec
		driver, chip              string
		values                    map[string]string
		celsius, humidity, pascal float64
	}{
		"hwmon with humidity":         {Spec{Device: "i2c-1/0x44"}, "sht4x", "sht4x", map[string]string{"hwmon/hwmon7/temp1_input": "21375", "hwmon/hwmon7/humidity1_input": "45210", "hwmon/hwmon7/temp1_max": "1"}, 21.375, 45.21, none},
		"hwmon below zero":            {Spec{Device: "i2c-20/0x18", Unchecked: true}, "jc42", "jc42", map[string]string{"hwmon/hwmon0/temp1_input": "-10125"}, -10.125, none, none},
		"the second of hwmon":         {Spec{Device: "i2c-1/0x48", Unchecked: true, Channel: "temp2"}, "lm75", "lm75", map[string]string{"hwmon/hwmon0/temp1_input": "1000", "hwmon/hwmon0/temp2_input": "2000"}, 2, none, none},
		"IIO, computed by the kernel": {Spec{Device: "i2c-1/0x77", Unchecked: true}, "bmp280", "bmp280", map[string]string{"iio:device3/in_temp_input": "25080", "iio:device3/in_pressure_input": "100.653"}, 25.08, none, 100653},
		"IIO, the offset before the scale": {Spec{Device: "i2c-1/0x40", Unchecked: true}, "si7020", "si7020", map[string]string{
			"iio:device0/in_temp_raw": "6000", "iio:device0/in_temp_offset": "-4368", "iio:device0/in_temp_scale": "10.725",
			"iio:device0/in_humidityrelative_raw": "1000", "iio:device0/in_humidityrelative_offset": "-786", "iio:device0/in_humidityrelative_scale": "30.5"}, (6000 - 4368) * 10.725 / 1000, (1000 - 786) * 30.5 / 1000, none},
		"IIO, a scale that channels share": {Spec{Device: "i2c-1/0x5a", Unchecked: true, Channel: "in_temp_object"}, "mlx90614", "mlx90614", map[string]string{
			"iio:device0/in_temp_object_raw": "14707", "iio:device0/in_temp_ambient_raw": "1", "iio:device0/in_temp_offset": "-13657.5", "iio:device0/in_temp_scale": "20"}, (14707 - 13657.5) * 20 / 1000, none, none},
		"a humidity that cannot be": {Spec{Device: "i2c-1/0x44"}, "sht4x", "sht4x", map[string]string{"hwmon/hwmon7/temp1_input": "20000", "hwmon/hwmon7/humidity1_input": "145210"}, 20, none, none},
		"a DHT22":                   {Spec{Device: "dht11@4"}, "dht11", "", map[string]string{"iio:device0/in_temp_input": "20100", "iio:device0/in_humidityrelative_input": "40500"}, 20.1, 40.5, none},
		"a thermocouple on SPI":     {Spec{Device: "spi0.0", Unchecked: true, Channel: "in_temp"}, "maxim_thermocouple", "max31855", map[string]string{"iio:device0/in_temp_raw": "400", "iio:device0/in_temp_scale": "250", "iio:device0/in_temp_ambient_raw": "320"}, 100, none, none},
		// DIN EN 60751: a PT100 has 100, 138.51, 60.26 and 175.86 Ω at 0, 100, -100 and 200 °C.
		"a PT100 at 0 °C":       {Spec{Device: "spi0.1", Unchecked: true, R0: 100, RRef: 400}, "max31865", "max31865", codeOf(8192), 0, none, none},
		"a PT100 at 100 °C":     {Spec{Device: "spi0.1", Unchecked: true, R0: 100, RRef: 430}, "max31865", "max31865", codeOf(138.5055 / 430 * 32768), 100, none, none},
		"a PT100 at -100 °C":    {Spec{Device: "spi0.1", Unchecked: true, R0: 100, RRef: 430}, "max31865", "max31865", codeOf(60.2558 / 430 * 32768), -100, none, none},
		"an NTC at 25 °C":       {Spec{Device: "i2c-1/0x48", Unchecked: true, NTC: someNTC}, "ads1015", "ads1115", map[string]string{"iio:device0/in_voltage0_raw": "13200", "iio:device0/in_voltage0_scale": "0.125"}, 25, none, none},
		"an NTC, of many":       {Spec{Device: "i2c-1/0x48", Unchecked: true, Channel: "in_voltage1", NTC: someNTC}, "ads1015", "ads1115", map[string]string{"iio:device0/in_voltage0_raw": "1", "iio:device0/in_voltage1_raw": "13200", "iio:device0/in_voltage_scale": "0.125"}, 25, none, none},
		"allowed by a fallback": {Spec{Device: "i2c-1/0x48", Compared: true}, "lm75", "lm75", map[string]string{"hwmon/hwmon0/temp1_input": "1000"}, 1, none, none},
	} {
		files := board(t, row.spec, row.driver, row.chip, row.values)
		r, err := row.spec.Read(files)
		same := func(a, b float64) bool { return math.Abs(a-b) < 0.02 || math.IsNaN(a) && math.IsNaN(b) }
		if err != nil || !same(r.Celsius, row.celsius) || !same(r.Humidity, row.humidity) || !same(r.Pascal, row.pascal) {
			t.Errorf("%s: %+v, %v; want %v °C, %v %%, %v Pa", name, r, err, row.celsius, row.humidity, row.pascal)
		}
		if b, _ := row.spec.BoundTo(files); r.Unchecked == b.Checked {
			t.Errorf("%s: a reading of %s that is unchecked: %v", name, row.driver, r.Unchecked)
		}
	}
}

var someNTC = NTC{R25: 10000, Beta: 3950, Pullup: 10000, VCC: 3.3}

func codeOf(code float64) map[string]string {
	return map[string]string{"iio:device0/in_temp_raw": fmt.Sprint(math.Round(code)), "iio:device0/in_temp_scale": "31.25", "iio:device0/fault_ovuv": "0"}
}

// Nothing that is unknown, unchecked or damaged becomes a number.
func TestWhatIsNoTemperatureHasAVerdictAndTheCure(t *testing.T) {
	volts := func(v float64) map[string]string {
		return map[string]string{"iio:device0/in_voltage0_raw": fmt.Sprint(v * 1000), "iio:device0/in_voltage0_scale": "1"}
	}
	fault := codeOf(8192)
	fault["iio:device0/fault_ovuv"] = "1"
	pt := Spec{Device: "spi0.1", Unchecked: true, R0: 100, RRef: 430}
	adc := Spec{Device: "i2c-1/0x48", Unchecked: true, NTC: someNTC}
	one := map[string]string{"hwmon/hwmon0/temp1_input": "21000"}
	for name, row := range map[string]struct {
		spec         Spec
		driver, chip string
		values       map[string]string
		want         controlloop.Verdict
		says         string
	}{
		"an unchecked driver":            {Spec{Device: "i2c-1/0x44"}, "sht3x", "sht3x", one, controlloop.VerdictUnchecked, "driver: sht3x, which checks them"},
		"a driver that nobody knows":     {Spec{Device: "i2c-1/0x44"}, "newchip", "newchip", one, controlloop.VerdictUnchecked, "write unchecked: true"},
		"an AHT10 by the AHT20's driver": {Spec{Device: "i2c-1/0x38"}, "aht10", "aht10", one, controlloop.VerdictUnchecked, "aht10 does not check"},
		"a chip without a driver":        {Spec{Device: "i2c-1/0x44"}, "", "sht4x", nil, controlloop.VerdictAbsent, "no driver of the kernel's works"},
		"two temperatures":               {Spec{Device: "i2c-1/0x5a", Unchecked: true}, "mlx90614", "mlx90614", map[string]string{"iio:device0/in_temp_object_raw": "1", "iio:device0/in_temp_ambient_raw": "1"}, controlloop.VerdictError, "write channel: one of in_temp_object, in_temp_ambient"},
		"no such channel":                {Spec{Device: "i2c-1/0x44", Channel: "temp2"}, "sht4x", "sht4x", one, controlloop.VerdictError, "there is temp1"},
		"no temperature":                 {Spec{Device: "i2c-1/0x48", Unchecked: true}, "ads1015", "ads1115", volts(1), controlloop.VerdictWrongChip, "gives no temperature"},
		"a MAX31865 of unknown resistor": {Spec{Device: "spi0.1", Unchecked: true}, "max31865", "max31865", codeOf(8192), controlloop.VerdictWrongChip, "write r0"},
		"a resistor of another chip":     {Spec{Device: "i2c-1/0x44", R0: 100, RRef: 430}, "sht4x", "sht4x", one, controlloop.VerdictWrongChip, "belong to a MAX31865"},
		"a MAX31865's fault bit":         {pt, "max31865", "max31865", fault, controlloop.VerdictNotConverted, "wires"},
		"an open resistor":               {pt, "max31865", "max31865", codeOf(32767), controlloop.VerdictAbsent, "open"},
		"a shorted resistor":             {pt, "max31865", "max31865", codeOf(0), controlloop.VerdictShorted, "shorted"},
		"a resistor out of range":        {pt, "max31865", "max31865", codeOf(32000), controlloop.VerdictOutOfRange, "r0 and r_ref"},
		"an NTC that is not there":       {adc, "ads1015", "ads1115", volts(3.299), controlloop.VerdictAbsent, "not connected"},
		"an NTC that is shorted":         {adc, "ads1015", "ads1115", volts(0.001), controlloop.VerdictShorted, "shorted"},
		"no number":                      {Spec{Device: "i2c-1/0x44"}, "sht4x", "sht4x", map[string]string{"hwmon/hwmon0/temp1_input": "nan"}, controlloop.VerdictError, "no number"},
		"an empty answer":                {Spec{Device: "i2c-1/0x44"}, "sht4x", "sht4x", map[string]string{"hwmon/hwmon0/temp1_input": ""}, controlloop.VerdictError, "no number"},
		"below absolute zero":            {Spec{Device: "i2c-1/0x44"}, "sht4x", "sht4x", map[string]string{"hwmon/hwmon0/temp1_input": "-273200"}, controlloop.VerdictOutOfRange, "thermometer"},
		"no scale":                       {Spec{Device: "i2c-1/0x40", Unchecked: true}, "new", "new", map[string]string{"iio:device0/in_temp_raw": "6000"}, controlloop.VerdictError, "no scale"},
	} {
		r, err := row.spec.Read(board(t, row.spec, row.driver, row.chip, row.values))
		if judged(err) != row.want || !strings.Contains(fmt.Sprint(err), row.says) || r != (controlloop.Reading{}) {
			t.Errorf("%s: %+v, %v; want %s and %q", name, r, err, row.want, row.says)
		}
	}
	r, err := Spec{Device: "i2c-1/0x45"}.Read(board(t, Spec{Device: "i2c-1/0x44"}, "sht4x", "sht4x", one))
	if judged(err) != controlloop.VerdictAbsent || !strings.Contains(err.Error(), "there is i2c-1/0x44") || r != (controlloop.Reading{}) {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestEachErrorOfAReadIsAVerdict(t *testing.T) {
	for _, row := range []struct {
		driver string
		err    error
		want   controlloop.Verdict
	}{
		{"sht4x", eRemoteIO, controlloop.VerdictAbsent},
		{"sht4x", eTimedOut, controlloop.VerdictNoAnswer},
		{"sht4x", eIO, controlloop.VerdictCRC},
		{"lm75", eIO, controlloop.VerdictBusError},
		{"bmp280", eIO, controlloop.VerdictNotConverted},
		{"maxim_thermocouple", eInval, controlloop.VerdictAbsent},
		{"tmp102", eInval, controlloop.VerdictBusError},
		{"tmp102", eAgain, controlloop.VerdictBusy},
		{"hdc100x", eBusy, controlloop.VerdictBusy},
		{"htu21", eNoDev, controlloop.VerdictCRC}, // as its source has it
		{"lm75", eNoDev, controlloop.VerdictAbsent},
		{"lm75", eNXIO, controlloop.VerdictAbsent},
		{"lm75", os.ErrNotExist, controlloop.VerdictAbsent},
		{"lm75", os.ErrPermission, controlloop.VerdictNoPermission},
		{"lm75", syscall.Errno(61), controlloop.VerdictBusError},
	} {
		b := Bound{Driver: row.driver}
		for _, r := range Rows() {
			if r.Driver == row.driver {
				b.Row = r
			}
		}
		if got := judged((device{Bound: b}).verdict(&os.PathError{Err: row.err})); got != row.want {
			t.Errorf("%s, %v: %s, want %s", row.driver, row.err, got, row.want)
		}
	}
}

func TestADeviceIsFoundByItsPlaceAndItsSpellingIsPutRight(t *testing.T) {
	files := board(t, Spec{Device: "i2c-1/0x44"}, "sht4x", "sht4x", map[string]string{"hwmon/hwmon3/temp1_input": "1"})
	plant(t, files, Spec{Device: "spi0.0"}, "newchip", "new", map[string]string{"iio:device0/in_temp_raw": "1"})
	plant(t, files, Spec{Device: "dht11@4"}, "dht11", "dht11", map[string]string{"iio:device1/in_temp_input": "1"})
	plant(t, files, Spec{Device: "adc@1f"}, "rp1_adc", "adc", map[string]string{"hwmon/hwmon1/temp1_input": "1"}) // the board's own
	plant(t, files, Spec{Device: "i2c-1/0x50"}, "at24", "24c32", nil)
	plant(t, files, Spec{Device: "i2c-1/0x45"}, "", "sht4x", nil)
	var got []string
	for _, s := range Found(files) {
		got = append(got, s.Device)
	}
	if want := []string{"i2c-1/0x44", "spi0.0", "dht11@4"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for text, want := range map[string]string{
		"1-0044": "i2c-1/0x44", "/sys/bus/i2c/devices/1-0044": "i2c-1/0x44", "i2c-1/44": "i2c-1/0x44", "i2c-1:0x4A": "i2c-1/0x4a", "1/0x44": "i2c-1/0x44",
		"0x44": "", "kitchen": "", "1-00ff": "", "hwmon3": "",
	} {
		if got := Better(text); got != want || want != "" && !Form.MatchString(got) {
			t.Errorf("%q is put right as %q, want %q", text, got, want)
		}
	}
}

// docs/hardware.md tells of every part of the table, and whether it is checked as the table has it.
func TestEveryPartStandsInTheDocument(t *testing.T) {
	text, err := os.ReadFile("../../docs/hardware.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for _, row := range Rows() {
		for _, part := range regexp.MustCompile(`\b[A-Z]{2,6}[0-9]{2,5}\b`).FindAllString(row.Parts, -1) {
			i := slices.IndexFunc(lines, func(l string) bool {
				return strings.HasPrefix(l, "| ") && regexp.MustCompile(`\b`+part+`\b`).MatchString(strings.Split(l, "|")[1])
			})
			if i < 0 {
				t.Errorf("%s of %s is not there", part, row.Driver)
				continue
			}
			cells := strings.Split(lines[i], "|")
			says := strings.TrimSpace(cells[len(cells)-2])
			if own := row.Own != "" || part == "BME280" || part == "BMP280"; !own && strings.HasPrefix(says, "yes") != row.Checked {
				t.Errorf("%s of %s is told as checked: %q", part, row.Driver, says)
			}
		}
	}
}
