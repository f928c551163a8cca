package probe

import (
	"encoding/json"
	"fmt"
	"io"
	"math"

	"thermostat/controlloop"
	"thermostat/drivers/survey"
)

// The JSON of probe. What is not known is null, and a sensor that gave no
// temperature has no number.
type probeJSON struct {
	Board         *string       `json:"board"`
	Kernel        []kernelJSON  `json:"kernel"`
	OneWire       []oneWireJSON `json:"onewire"`
	I2C           []busJSON     `json:"i2c"`
	GPIO          []gpioJSON    `json:"gpio"`
	Serial        []string      `json:"serial"`
	KeepsOutputs  *bool         `json:"keeps_outputs"`
	WatchdogArmed *bool         `json:"watchdog_armed"`
	Warnings      []string      `json:"warnings"`
	Config        *string       `json:"config"` // null where it goes to a file
}

type kernelJSON struct {
	Device  string `json:"device"` // i2c-1/0x44
	Driver  string `json:"driver"` // the kernel's
	Checked bool   `json:"checked"`
	readingJSON
}

type oneWireJSON struct {
	ID      string   `json:"id"`
	Chip    string   `json:"chip"` // what its family is
	Celsius *float64 `json:"celsius"`
	verdictJSON
}

type readingJSON struct {
	Celsius  *float64 `json:"celsius"`
	Humidity *float64 `json:"humidity_percent"`
	Pascal   *float64 `json:"pascal"`
	verdictJSON
}

type verdictJSON struct {
	Verdict *controlloop.Verdict `json:"verdict"` // null where no temperature was asked for
	Text    string               `json:"text"`
}

type busJSON struct {
	Bus   int        `json:"bus"`
	Chips []chipJSON `json:"chips"`
	Error *string    `json:"error"`
}

type chipJSON struct {
	Address string `json:"address"` // 0x76
	Chip    string `json:"chip"`
	readingJSON
}

type gpioJSON struct {
	Name     string     `json:"name"`
	Expander *string    `json:"expander"` // the I2C chip; null: it is none
	Place    *string    `json:"place"`    // of an expander, such as 1-0020: bus 1, address 0x20
	Label    *string    `json:"label"`
	Lines    *int       `json:"lines"`
	Header   *bool      `json:"header"`
	Held     []heldJSON `json:"held"`
	Error    *string    `json:"error"`
}

type heldJSON struct {
	Line   int    `json:"line"`
	Name   string `json:"name"`
	Holder string `json:"holder"`
}

func (r probeReport) printJSON(out io.Writer) error {
	s := r.survey
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(probeJSON{
		Board: filledOrNil(s.Model), Kernel: mapped(s.Kernel, kernelChipJSON),
		OneWire: mapped(s.Thermometers, thermometerJSON), I2C: mapped(s.Buses, busOfSurvey), GPIO: mapped(s.Chips, chipOfSurvey),
		Serial:       append([]string{}, s.Serial...),
		KeepsOutputs: s.KeepsOutputs, WatchdogArmed: s.WatchdogArmed,
		Warnings: append([]string{}, r.warnings...), Config: filledOrNil(r.config),
	})
}

func kernelChipJSON(k survey.KernelChip) kernelJSON {
	return kernelJSON{k.Device, k.Bound.Driver, k.Checked, readingOf(k.Reading, k.Answer)}
}

func thermometerJSON(t survey.Thermometer) oneWireJSON {
	r := readingOf(t.Reading, t.Answer)
	return oneWireJSON{t.ID, t.Chip, r.Celsius, r.verdictJSON}
}

func busOfSurvey(b survey.I2CBus) busJSON {
	return busJSON{Bus: b.Number, Chips: mapped(b.Chips, i2cChipJSON), Error: errorOrNil(b.Err)}
}

func i2cChipJSON(c survey.I2CChip) chipJSON {
	return chipJSON{fmt.Sprintf("%#x", c.Address), c.Chip, readingOf(c.Reading, c.Answer)}
}

func chipOfSurvey(c survey.Chip) gpioJSON {
	j := gpioJSON{Name: c.Name, Held: []heldJSON{}, Error: errorOrNil(c.Err)}
	if c.Err != nil {
		return j
	}
	lines, header := len(c.Lines), c.Header()
	j.Label, j.Lines, j.Header, j.Expander, j.Place = &c.Label, &lines, &header, filledOrNil(c.Expander), filledOrNil(c.Place)
	for i, l := range c.Lines {
		if l.Holder != "" {
			j.Held = append(j.Held, heldJSON{i, l.Name, l.Holder})
		}
	}
	return j
}

// readingOf is what a sensor answered, nil where it said nothing.
func readingOf(r *controlloop.Reading, a survey.Answer) (j readingJSON) {
	if j.Text = a.Text; a.Verdict != "" {
		j.Verdict = &a.Verdict
	}
	if r != nil {
		j.Celsius, j.Humidity, j.Pascal = number(r.Celsius), number(r.Humidity), number(r.Pascal)
	}
	return j
}

// number cuts off the digits that only the arithmetic made; 1/16 K has four.
func number(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	x = math.Round(x*1e4) / 1e4
	return &x
}

// mapped gives a list that is [] in JSON where it is empty.
func mapped[T, U any](all []T, f func(T) U) []U {
	to := make([]U, 0, len(all))
	for _, x := range all {
		to = append(to, f(x))
	}
	return to
}

func filledOrNil(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func errorOrNil(err error) *string {
	if err == nil {
		return nil
	}
	return filledOrNil(err.Error())
}
