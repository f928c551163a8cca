package kernel

import (
	"path"
	"slices"

	"thermostat/drivers/hostfs"
)

// Row is a driver of the kernel's. One that is not in the table is read as well,
// as one that checks nothing.
type Row struct {
	Driver  string // the kernel's
	Chip    string // the one of its chips of which the row tells; empty: all others
	Parts   string // as docs/hardware.md has them
	Checked bool   // it holds each answer against the chip's own checksum
	Own     string // the driver of package drivers that does check it; empty: there is none
}

// Rows are the drivers that are known, as Linux 6.12 has them. Only an answer
// that is checked is a temperature by itself: one flipped bit of the others is
// a number like any other.
func Rows() []Row {
	return []Row{
		{Driver: "sht4x", Parts: "SHT40, SHT41, SHT43, SHT45", Checked: true},
		{Driver: "htu21", Parts: "HTU21D", Checked: true},
		{Driver: "aht10", Chip: "aht20", Parts: "AHT20, DHT20", Checked: true},
		{Driver: "hdc3020", Parts: "HDC3020, HDC3021, HDC3022", Checked: true},
		{Driver: "am2315", Parts: "AM2315", Checked: true},
		{Driver: "scd30", Parts: "SCD30", Checked: true},
		{Driver: "scd4x", Parts: "SCD40, SCD41", Checked: true},
		{Driver: "dht11", Parts: "DHT11, DHT22, AM2302", Checked: true},
		{Driver: "sht3x", Parts: "SHT30, SHT31, SHT35, STS3x", Own: "sht3x"},
		{Driver: "bmp280", Parts: "BMP180, BMP280, BMP380, BMP390, BMP580, BME280"},
		{Driver: "aht10", Parts: "AHT10"},
		{Driver: "shtc1", Parts: "SHTC1, SHTW1, SHTC3"},
		{Driver: "sht21", Parts: "SHT20, SHT21, SHT25"},
		{Driver: "si7020", Parts: "SI7013, SI7020, SI7021"},
		{Driver: "hdc100x", Parts: "HDC1008, HDC1010, HDC1050, HDC1080"},
		{Driver: "hdc2010", Parts: "HDC2010, HDC2080"},
		{Driver: "hts221", Parts: "HTS221"},
		{Driver: "bme680", Parts: "BME680"},
		{Driver: "dps310", Parts: "DPS310"},
		{Driver: "ms5637", Parts: "MS5637, MS5803, MS5805, MS5837"},
		{Driver: "lm75", Parts: "LM75, TMP75, TMP100 to TMP1075, DS75, PCT2075, AS6200"},
		{Driver: "tmp102", Parts: "TMP102"},
		{Driver: "adt7410", Parts: "ADT7410, ADT7420"},
		{Driver: "ds1621", Parts: "DS1621, DS1625, DS1631"},
		{Driver: "jc42", Parts: "MCP9808, MCP98242"},
		{Driver: "tmp117", Parts: "TMP116, TMP117"},
		{Driver: "mcp9600", Parts: "MCP9600"},
		{Driver: "mlx90614", Parts: "MLX90614"},
		{Driver: "max30208", Parts: "MAX30208"},
		{Driver: "max31856", Parts: "MAX31856"},
		{Driver: "max31865", Parts: "MAX31865 with a PT100 or PT1000"},
		{Driver: "maxim_thermocouple", Parts: "MAX6675, MAX31855"},
		{Driver: "ads1015", Parts: "ADS1015, ADS1115 with an NTC"},
	}
}

// Bound is the driver that works with a device.
type Bound struct {
	Driver string // as the kernel calls it
	Chip   string // as the kernel calls it
	Row           // of the table; without a name where it is not in it
}

// BoundTo tells which driver works with a device; ok is false where none does.
func (s Spec) BoundTo(files hostfs.Root) (b Bound, ok bool) {
	target, err := readLink(files, s.folder(), "driver")
	if err != nil {
		return Bound{}, false
	}
	b.Driver = hostfs.Printable(path.Base(target))
	b.Chip, _ = files.Value(s.folder(), "name")
	for _, r := range Rows() {
		if r.Driver == b.Driver && (r.Chip == "" || r.Chip == b.Chip) {
			b.Row = r
			break
		}
	}
	return b, true
}

// Doubt says what is to be known of a device whose answers nobody checks, as far
// as its board tells; held means that other sensors are held against it. Refused
// is one that nobody has allowed. It is empty where all is well.
func (s Spec) Doubt(files hostfs.Root, held bool) (text string, refused bool) {
	b, there := s.BoundTo(files)
	switch {
	case there && b.Checked, !there && !s.Unchecked:
		return "", false
	case !s.Unchecked && !s.Compared:
		return b.NeedsLeave(), true
	case !s.Unchecked && !held:
		return "nobody checks the answers of this chip, and nothing compares them: write max_disagreement in the zone", false
	}
	return "nobody checks the answers of this chip: a damaged one is a temperature like any other, which only plausible_min, plausible_max, max_rate and other sensors can find", false
}

// MeasuresHumidity reports whether the board says that the device does.
func (s Spec) MeasuresHumidity(files hostfs.Root) bool {
	return len(channels(files, s.folder(), humidities)) > 0
}

// RTD reports whether the chip measures a resistor whose size the kernel does not know.
func (b Bound) RTD() bool { return b.Driver == "max31865" }

// Found lists the sensors that drivers of the kernel's serve, of which each has
// a temperature; of the platform's own, which has many, only those in the table.
func Found(files hostfs.Root) []Spec {
	var all []Spec
	for _, bus := range []string{"i2c", "spi", "platform"} {
		for _, name := range files.Names("/sys/bus/"+bus+"/devices", "") {
			s := Spec{Device: name}
			if bus == "i2c" {
				s.Device = Better(name)
			}
			if s.Device == "" || !Form.MatchString(s.Device) {
				continue
			}
			b, ok := s.BoundTo(files)
			known := slices.ContainsFunc(Rows(), func(r Row) bool { return r.Driver == b.Driver })
			if ok && (known || bus != "platform") && len(channels(files, s.folder(), temperatures)) > 0 {
				all = append(all, s)
			}
		}
	}
	return all
}
