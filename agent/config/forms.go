package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"thermostat/agent/config/advice"
	"thermostat/agent/config/plain"
	"thermostat/agent/config/yamltree"
	"thermostat/drivers/kernel"
	"thermostat/drivers/w1"
	"thermostat/mqtt/broker"
	"thermostat/mqtt/homeassistant"
)

// The regular expressions are those of ECMAScript too: the JSON Schema has them.
var (
	ZoneForm   = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)                  // of a zone's name
	DeviceForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,63}$`)              // of a device's name
	PrefixForm = regexp.MustCompile(`^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$`) // keeps wildcards, spaces and empty levels out of the topics

	thermometerForm = regexp.MustCompile(`^(10|22|28|3b|42)-[0-9a-f]{12}$`) // the families of drivers/w1
	// A line and a chip are names of the kernel's: at most 31 printable characters,
	// blanks among them, such as 7J1 Header Pin11.
	lineForm  = regexp.MustCompile(`^[!-~]([ -~]{0,29}[!-~])?$`)
	chipForm  = regexp.MustCompile(`^[!-~]([ -~]{0,34}[!-~])?$`) // with /dev/ before it
	topicForm = regexp.MustCompile(`^[^+#$ ]([^+#]*[^+# ])?$`)   // one topic, none of the broker's own
	portForm  = regexp.MustCompile(`^/dev/[!-~]{1,200}$`)        // a device, or a link of udev's to it
	titleForm = regexp.MustCompile(`^.{1,64}$`)                  // what cannot be seen is refused in every text
)

// The forms of texts.
var (
	zoneTitle     = form{match: titleForm, is: "title, which is 1 to 64 printable characters, no blank at either end", wrong: blankAtEnd}
	zoneName      = form{match: ZoneForm, is: "name of a zone, which is made of a-z, 0-9 and -, at most 40 of them", better: advice.TitledZone}
	deviceName    = form{match: DeviceForm, is: "name of a device, which is made of A-Z, a-z, 0-9, _ and -, at most 63 of them", better: advice.DeviceName, wrong: reserved}
	topicPrefix   = form{match: PrefixForm, is: "beginning of topics, which is words of A-Z, a-z, 0-9, _ and - with one / between two", better: advice.Prefix, most: 100, ascii: true}
	thermometerID = form{match: thermometerForm, is: "id of a 1-Wire thermometer such as 28-0316a2795bff (thermostat probe lists yours)", better: w1.Better,
		wrong: func(_ *reader, text string) string { return w1.NoThermometer(text) }}
	kernelDevice  = form{match: kernel.Form, is: "device of the kernel's such as i2c-1/0x44, spi0.0 or dht11@4 (thermostat probe lists yours)", better: kernel.Better}
	kernelChannel = form{match: kernel.ChannelForm, is: "channel such as temp1 or in_temp_object"}
	lineName      = form{match: lineForm, is: "name of a GPIO line, which has at most 31 characters, such as GPIO17"}
	chipName      = form{match: chipForm, is: "name or label of a GPIO chip, which has at most 31 characters, such as gpiochip0"}
	deviceTopic   = form{match: topicForm, is: "topic", wrong: wrongTopic}
	birthTopic    = form{match: topicForm, is: "topic", wrong: wrongBirth}
	serialPort    = form{match: portForm, is: "serial port, which is a path below /dev, such as /dev/ttyUSB0"}
	jsonPath      = form{wrong: blankAtEnd}
	command       = form{most: 1024}
	fileName      = form{empty: true, file: true}
	listenAddress = form{empty: true, wrong: func(_ *reader, text string) string { return plain.NotListen(text, DefaultListen) }}
	brokerURL     = form{wrong: wrongBroker}
	hostName      = form{match: plain.HostForm, wrong: func(_ *reader, text string) string { return plain.NotHost(text) }}
	proxyNetwork  = form{wrong: func(_ *reader, text string) string { return plain.NotProxy(text) }}
	timezone      = form{wrong: wrongTimezone}
	week          = form{wrong: wrongWeek}
)

// What is wrong with a name that a person typed behind a command, and what to type; empty: nothing.

// WrongZone is about the name of a zone.
func WrongZone(text string) string {
	typed := zoneName
	typed.better = advice.ZoneName // its title has no place there
	return typed.refuse(nil, text)
}

// WrongDevice is about the name of a device.
func WrongDevice(text string) string { return deviceName.refuse(nil, text) }

// WrongPrefix is about the first part of every topic.
func WrongPrefix(text string) string { return topicPrefix.refuse(nil, text) }

func orEmpty(f form) form {
	f.empty = true
	return f
}

const isEmpty = `"" is empty`

// refuse says what is wrong with a text; nothing where it is as it should be.
func (f form) refuse(r *reader, text string) string {
	if text == "" && f.empty {
		return ""
	}
	if text == "" && f.match == nil && f.words == nil {
		return isEmpty
	}
	if f.wrong != nil {
		if says := f.wrong(r, text); says != "" {
			return says
		}
	}
	switch {
	case f.words != nil && !slices.Contains(f.words, text):
		return advice.NoneOf(text, f.words)
	case f.match != nil && !f.match.MatchString(text):
		return f.unlike(text)
	case f.most > 0 && len(text) > f.most && f.ascii:
		return fmt.Sprintf("is longer than %d characters", f.most)
	case f.most > 0 && len(text) > f.most:
		return fmt.Sprintf("is longer than %d bytes", f.most)
	}
	return ""
}

// unlike is said of a text that does not match: what it should be, and how that is
// written right where that is known.
func (f form) unlike(text string) string {
	says := fmt.Sprintf("%s is no %s", Shown(text), f.is)
	if f.better == nil {
		return says
	}
	if write := f.better(text); write != "" {
		return says + ": write " + write
	}
	return says
}

func reserved(_ *reader, text string) string {
	if text == "heaters" {
		return `"heaters" is reserved: the topics of simulated heaters begin with it`
	}
	return ""
}

const maxTopic = 512 // bytes

// wrongTopic is about the topic of a device.
func wrongTopic(r *reader, text string) string {
	if says := notOneTopic(r, text); says != "" {
		return says
	}
	if c := r.config.MQTT; slices.Contains(homeassistant.OnlineTopics(c.BirthTopic, c.DiscoveryPrefix), text) {
		return Shown(text) + " is where Home Assistant says that it is there"
	}
	return ""
}

// wrongBirth is about the topic on which Home Assistant says that it is there.
func wrongBirth(r *reader, text string) string {
	if strings.ContainsAny(text, "+#") {
		return Shown(text) + " has a wildcard: it is the one topic on which Home Assistant says online"
	}
	return notOneTopic(r, text)
}

// notOneTopic is said of what is no topic, of wildcards, which would make it many,
// and of the agent's own topics.
func notOneTopic(r *reader, text string) string {
	base := r.config.MQTT.Prefix + "/" + r.config.Device + "/"
	switch {
	case text == "":
		return isEmpty
	case !utf8.ValidString(text) || len(text) > maxTopic:
		return fmt.Sprintf("is no topic: UTF-8 of at most %d bytes", maxTopic)
	case strings.Trim(text, " ") != text:
		return blankAtEnd(r, text)
	case strings.ContainsAny(text, "+#"):
		return Shown(text) + " has a wildcard: one device has one topic"
	case strings.HasPrefix(text, "$"):
		return Shown(text) + " begins with $, which is the broker's own"
	case strings.HasPrefix(text+"/", base):
		return fmt.Sprintf("%s is one of this agent's own topics, below %s", Shown(text), base)
	}
	return ""
}

func blankAtEnd(_ *reader, text string) string {
	if strings.Trim(text, " ") != text {
		return Shown(text) + " begins or ends with a blank"
	}
	return ""
}

func wrongBroker(_ *reader, text string) string {
	if err := broker.CheckURL(text); err != nil {
		return err.Error()
	}
	return ""
}

// Shown quotes a value and keeps it short.
func Shown(text string) string { return fmt.Sprintf("%q", yamltree.Shortened(text)) }
