package main

import "strings"

// header is what each pin of a Raspberry Pi's 40-pin header carries: its name, and what else it may be.
// The first is pin 1; odd pins stand on the left, even ones on the side of the board's edge.
var header = [40]string{
	"3.3 V", "5 V",
	"GPIO2 SDA", "5 V",
	"GPIO3 SCL", "GND",
	"GPIO4", "GPIO14 TXD",
	"GND", "GPIO15 RXD",
	"GPIO17", "GPIO18",
	"GPIO27", "GND",
	"GPIO22", "GPIO23",
	"3.3 V", "GPIO24",
	"GPIO10 MOSI", "GND",
	"GPIO9 MISO", "GPIO25",
	"GPIO11 SCLK", "GPIO8 CE0",
	"GND", "GPIO7 CE1",
	"GPIO0 ID", "GPIO1 ID",
	"GPIO5", "GND",
	"GPIO6", "GPIO12",
	"GPIO13", "GND",
	"GPIO19", "GPIO16",
	"GPIO26", "GPIO20",
	"GND", "GPIO21",
}

// said is a pin as people say it.
func said(pin int) string {
	if header[pin-1] == "GND" {
		return "ground"
	}
	return strings.Replace(header[pin-1], " ", ", ", strings.Count(header[pin-1], "GPIO"))
}
