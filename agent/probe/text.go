package probe

import (
	"fmt"
	"math"
	"strings"

	"thermostat/controlloop"
	"thermostat/drivers/survey"
)

// text is what probe prints for people.
func (r probeReport) text() string {
	var b strings.Builder
	section(&b, "Board", boardLines(r.survey))
	if len(r.survey.Kernel) > 0 {
		section(&b, "Chips that the kernel reads", kernelLines(r.survey))
	}
	section(&b, "1-Wire", oneWireLines(r.survey))
	section(&b, "I2C", i2cLines(r.survey))
	section(&b, "GPIO", gpioLines(r.survey))
	if len(r.survey.Serial) > 0 {
		section(&b, "Serial", serialLines(r.survey))
	}
	section(&b, "Warnings", warningLines(r.warnings))
	if r.config != "" {
		b.WriteString("Configuration\n\n" + r.config) // not indented, so that it can be copied
	}
	return b.String()
}

func section(b *strings.Builder, title string, lines []string) {
	b.WriteString(title + "\n")
	for _, l := range lines {
		b.WriteString("  " + l + "\n")
	}
	b.WriteString("\n")
}

func boardLines(s survey.Board) []string {
	model, watchdog := s.Model, known(s.WatchdogArmed)
	if model == "" {
		model = "of unknown model"
	}
	if !s.Watchdog {
		watchdog = "none"
	}
	return []string{
		model,
		"outputs stay on after a crash: " + known(s.KeepsOutputs),
		"hardware watchdog armed: " + watchdog,
	}
}

func known(b *bool) string {
	switch {
	case b == nil:
		return "unknown"
	case *b:
		return "yes"
	}
	return "no"
}

func oneWireLines(s survey.Board) []string {
	var lines []string
	for _, t := range s.Thermometers {
		lines = append(lines, t.ID+"  "+t.Chip+"  "+answerText(t.Answer))
	}
	if len(lines) == 0 {
		return []string{"no thermometer"}
	}
	return lines
}

func kernelLines(s survey.Board) []string {
	var lines []string
	for _, k := range s.Kernel {
		text := k.Device + "  " + k.Bound.Driver + "  " + answerText(k.Answer)
		if !k.Checked {
			text += " (answers unchecked)"
		}
		lines = append(lines, text)
	}
	return lines
}

func i2cLines(s survey.Board) []string {
	var lines []string
	for _, b := range s.Buses {
		at := fmt.Sprintf("i2c-%d  ", b.Number)
		for _, c := range b.Chips {
			lines = append(lines, fmt.Sprintf("%s%#x  %s  %s", at, c.Address, c.Chip, answerText(c.Answer)))
		}
		switch {
		case b.Err != nil:
			lines = append(lines, at+b.Err.Error())
		case len(b.Chips) == 0:
			lines = append(lines, at+"nothing at 0x18, 0x44, 0x45, 0x76, 0x77")
		}
	}
	if len(lines) == 0 {
		return []string{"no bus"}
	}
	return lines
}

// answerText never has a number where there is no temperature.
func answerText(a survey.Answer) string {
	switch {
	case a.Reading != nil:
		return readingText(*a.Reading)
	case a.Verdict == "":
		return a.Text
	case a.Text == "":
		return fmt.Sprintf("no temperature (%s)", a.Verdict)
	}
	return fmt.Sprintf("no temperature (%s): %s", a.Verdict, a.Text)
}

func readingText(r controlloop.Reading) string {
	text := fmt.Sprintf("%.2f °C", r.Celsius)
	if !math.IsNaN(r.Humidity) {
		text += fmt.Sprintf(", %.1f %% humidity", r.Humidity)
	}
	if !math.IsNaN(r.Pascal) {
		text += fmt.Sprintf(", %.1f hPa", r.Pascal/100)
	}
	return text
}

func gpioLines(s survey.Board) []string {
	var lines []string
	for _, c := range s.Chips {
		lines = append(lines, c.Name+"  "+gpioText(c))
	}
	if len(lines) == 0 {
		return []string{"no chip"}
	}
	return lines
}

func gpioText(c survey.Chip) string {
	if c.Err != nil {
		return c.Err.Error()
	}
	text := fmt.Sprintf("%s, %d lines", c.Label, len(c.Lines))
	if c.Header() {
		text += ", the header"
	}
	if c.Expander != "" {
		text += fmt.Sprintf(", the I2C expander %s at %s: it keeps its outputs whatever dies", c.Expander, c.Place)
	}
	for i, l := range c.Lines {
		if l.Holder != "" {
			text += fmt.Sprintf("\n    line %d %s is held by %s", i, l.Name, l.Holder)
		}
	}
	return text
}

// serialLines are the ports, with what to write where a Modbus board is on one.
func serialLines(s survey.Board) (lines []string) {
	for _, port := range s.Serial {
		lines = append(lines, fmt.Sprintf("%s  of a Modbus board: {driver: modbus, port: %s, coil: 0}", port, port))
	}
	return lines
}

func warningLines(warnings []string) []string {
	if len(warnings) == 0 {
		return []string{"none"}
	}
	var lines []string
	for _, w := range warnings {
		lines = append(lines, "- "+w)
	}
	return lines
}
