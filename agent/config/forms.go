package config

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"thermostat/agent/config/yamltree"
	"thermostat/drivers"
	"thermostat/mqtt/broker"
	"thermostat/mqtt/homeassistant"
)

// The regular expressions are those of ECMAScript too: the JSON Schema has them.
var (
	ZoneForm   = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)                  // of a zone's name
	DeviceForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,63}$`)              // of a device's name
	PrefixForm = regexp.MustCompile(`^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$`) // keeps wildcards, spaces and empty levels out of the topics

	thermometerForm = regexp.MustCompile(`^(28|22|42)-[0-9a-f]{12}$`) // DS18B20, and two families that are read alike
	// A line and a chip are names of the kernel's: at most 31 printable characters,
	// blanks among them, such as 7J1 Header Pin11.
	lineForm = regexp.MustCompile(`^[!-~]([ -~]{0,29}[!-~])?$`)
	chipForm = regexp.MustCompile(`^[!-~]([ -~]{0,34}[!-~])?$`) // with /dev/ before it
	// hostForm is a name as it stands in an address; a port is not part of it.
	hostForm = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$`)
)

// The forms of texts.
var (
	zoneName      = form{match: ZoneForm, is: "name of a zone, which is made of a-z, 0-9 and -, at most 40 of them", better: zoneWord}
	deviceName    = form{match: DeviceForm, is: "name of a device, which is made of A-Z, a-z, 0-9, _ and -, at most 63 of them", better: deviceWord, wrong: reserved}
	topicPrefix   = form{match: PrefixForm, is: "beginning of topics, which is words of A-Z, a-z, 0-9, _ and - with one / between two", better: prefixWord, most: 100, ascii: true}
	thermometerID = form{match: thermometerForm, is: "id of a 1-Wire thermometer such as 28-0316a2795bff (thermostat probe lists yours)", better: thermometerWord,
		wrong: func(_ *reader, text string) string { return drivers.UnreadThermometer(text) }}
	lineName      = form{match: lineForm, is: "name of a GPIO line, which has at most 31 characters, such as GPIO17"}
	chipName      = form{match: chipForm, is: "name or label of a GPIO chip, which has at most 31 characters, such as gpiochip0"}
	deviceTopic   = form{wrong: wrongTopic}
	birthTopic    = form{wrong: wrongBirth}
	jsonPath      = form{wrong: blankAtEnd}
	command       = form{most: 1024}
	fileName      = form{empty: true, file: true}
	listenAddress = form{empty: true, wrong: wrongListen}
	brokerURL     = form{wrong: wrongBroker}
	hostName      = form{match: hostForm, wrong: wrongHost}
	proxyNetwork  = form{wrong: wrongProxy}
)

func orEmpty(f form) form {
	f.empty = true
	return f
}

// refuse says what is wrong with a text; nothing where it is as it should be.
func (f form) refuse(r *reader, text string) string {
	if text == "" && f.empty {
		return ""
	}
	if text == "" && f.match == nil && f.words == nil {
		return `"" is empty`
	}
	if f.wrong != nil {
		if says := f.wrong(r, text); says != "" {
			return says
		}
	}
	switch {
	case f.words != nil && !slices.Contains(f.words, text):
		return noneOf(text, f.words)
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

// noneOf is said of a word that is none of those there are; capitals and typing
// errors are known again.
func noneOf(text string, words []string) string {
	advice := ""
	near := Nearest(strings.ToLower(text), words)
	if near != "" && (strings.EqualFold(near, text) || !strings.ContainsAny(text, "0123456789")) { // another number is another chip
		advice = ": write " + near
	}
	return fmt.Sprintf("%s is none of %s%s", Shown(text), strings.Join(words, ", "), advice)
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

func wrongListen(_ *reader, text string) string {
	if !IsListen(text) {
		return fmt.Sprintf("%s is not an address such as %s", Shown(text), DefaultListen)
	}
	return ""
}

func wrongBroker(_ *reader, text string) string {
	if err := broker.CheckURL(text); err != nil {
		return err.Error()
	}
	return ""
}

func wrongHost(_ *reader, text string) string {
	if !hostForm.MatchString(text) {
		return Shown(text) + " is not a host name such as cabin.example; the port does not belong to it"
	}
	return ""
}

func wrongProxy(_ *reader, text string) string {
	switch p, err := proxyOf(text); {
	case err != nil || p.Addr().Is4In6():
		return Shown(text) + " is not an address such as 127.0.0.1, or a network such as 172.30.32.0/23"
	case p.Bits() == 0:
		return Shown(text) + " would believe everybody: name the proxy's own address, such as 127.0.0.1"
	}
	return ""
}

// proxyOf reads an address, or a network of them.
func proxyOf(text string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(text); err == nil {
		ip = ip.Unmap().WithZone("")
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}

// transcribed are letters that are more than one of a-z, or whose mark is lost.
var transcribed = strings.NewReplacer(
	"ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "æ", "ae", "ø", "o", "å", "a",
	"à", "a", "á", "a", "â", "a", "ã", "a", "ç", "c", "è", "e", "é", "e", "ê", "e", "ë", "e",
	"ì", "i", "í", "i", "î", "i", "ï", "i", "ñ", "n", "ò", "o", "ó", "o", "ô", "o", "õ", "o", "ù", "u", "ú", "u", "û", "u",
)

// zoneWord makes a name that a zone may have of what a person calls it.
func zoneWord(text string) string {
	return hyphened(transcribed.Replace(strings.ToLower(text)), 40, func(c rune) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' })
}

func deviceWord(text string) string {
	return hyphened(text, 63, func(c rune) bool {
		return c == '_' || c < unicode.MaxASCII && (unicode.IsLetter(c) || unicode.IsDigit(c))
	})
}

// prefixWord leaves out empty words, such as that behind a slash at the end.
func prefixWord(text string) string {
	var words []string
	for word := range strings.SplitSeq(text, "/") {
		if word = deviceWord(word); word != "" {
			words = append(words, word)
		}
	}
	return strings.Join(words, "/")
}

// hyphened joins the words that are made of some characters; what comes out too
// long is nothing.
func hyphened(text string, most int, good func(rune) bool) string {
	words := strings.FieldsFunc(text, func(c rune) bool { return !good(c) })
	if name := strings.Join(words, "-"); len(name) <= most {
		return name
	}
	return ""
}

// serialNumber is an id of a right form with whatever number of digits.
var serialNumber = regexp.MustCompile(`^(?:28|22|42)-([0-9a-f]{1,11}|[0-9a-f]{13,32})$`)

// thermometerWord knows how other programs spell an id.
func thermometerWord(text string) string {
	if m := serialNumber.FindStringSubmatch(text); m != nil {
		return fmt.Sprintf("12 digits behind the dash, here are %d", len(m[1]))
	}
	id, note := drivers.SpellID(text)
	if !thermometerForm.MatchString(id) {
		return ""
	}
	if note != "" {
		id += " (yours is written " + note + ")"
	}
	return id
}

var (
	lineSpelled = regexp.MustCompile(`^(?i:gpio|bcm|io)[ ._-]?([0-9]+)$`)
	pinSpelled  = regexp.MustCompile(`^(?i:pin|physical)[ ._-]?([0-9]+)$`)
)

// headerPins are the header's pins of a Raspberry Pi with 40 of them, and the
// GPIO line of each.
var headerPins = map[int]int{
	3: 2, 5: 3, 7: 4, 8: 14, 10: 15, 11: 17, 12: 18, 13: 27, 15: 22, 16: 23, 18: 24, 19: 10, 21: 9, 22: 25, 23: 11, 24: 8,
	26: 7, 27: 0, 28: 1, 29: 5, 31: 6, 32: 12, 33: 13, 35: 19, 36: 16, 37: 26, 38: 20, 40: 21,
}

// checkHeaderLine knows other spellings of a line on the header, where GPIO17 is
// the only one. Lines of other boards may have blanks.
func checkHeaderLine(r *reader, n *node, g *drivers.GPIO) {
	if m := lineSpelled.FindStringSubmatch(g.Line); m != nil && g.Line != "GPIO"+m[1] {
		number := m[1]
		for len(number) > 1 && number[0] == '0' {
			number = number[1:]
		}
		r.complain(n, "%s is no line of a Raspberry Pi's header: write GPIO%s; of another board, name the chip as well", Shown(g.Line), number)
		g.Line = ""
		return
	}
	if m := pinSpelled.FindStringSubmatch(g.Line); m != nil {
		pin, _ := strconv.Atoi(m[1])
		if line, ok := headerPins[pin]; ok {
			r.warn(n, fmt.Sprintf("%s is no line of a Raspberry Pi's header: its pin %d is GPIO%d", Shown(g.Line), pin, line))
		}
	}
}

// Shown quotes a value and keeps it short.
func Shown(text string) string { return fmt.Sprintf("%q", yamltree.Shortened(text)) }
