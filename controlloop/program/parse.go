package program

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	dayWords    = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
	mondayFirst = [7]time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday}

	timeOfDay   = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)
	temperature = regexp.MustCompile(`^-?[0-9]{1,3}(\.[0-9]{1,2})?$`)
	presetName  = regexp.MustCompile(`^[a-z][a-z0-9-]{0,19}$`)

	// reserved are the words that mean something else where a preset may stand.
	reserved = []string{"none", "off", "on", "auto", "heat", "cool", "next", "permanent", "default"}
)

// CheckPreset says why a text cannot be the name of a preset; nil: it can.
func CheckPreset(name string) error {
	switch {
	case slices.Contains(reserved, name):
		return fmt.Errorf("%q means something else, so it cannot be the name of a preset", name)
	case !presetName.MatchString(name):
		return fmt.Errorf("%.40q is no name of a preset: write a letter, then at most 19 letters, digits and -, all lower case", name)
	}
	return nil
}

// Parse reads the text of a week:
//
//	week       = part { ";" part }
//	part       = [ days ] transition { "," transition }
//	days       = day or range { "," day or range }     mon-fri,sun; a range may go over Sunday; none is every day
//	transition = HH:MM target                          00:00..23:59, ascending within a part
//	target     = preset | °C with at most 2 decimals | "off"
//
// Blanks are free. A day has at most 10 transitions and belongs to one part; a
// day without a part has none. An empty text is a week without transitions. The
// error names the part, the text and what to write instead.
func Parse(text string) (Week, error) {
	var w Week
	if strings.TrimSpace(text) == "" {
		return w, nil
	}
	var named [7]bool
	for part := range strings.SplitSeq(text, ";") {
		if err := w.addPart(part, &named); err != nil {
			return Week{}, fmt.Errorf("%.60q: %w", strings.TrimSpace(part), err)
		}
	}
	return w, nil
}

// addPart reads one part: days up to the first digit, transitions from there on.
func (w *Week) addPart(part string, named *[7]bool) error {
	first := strings.IndexAny(part, "0123456789")
	if first < 0 {
		return fmt.Errorf("has no time: write days, a time and a target, such as mon-fri 06:30 comfort, 22:30 sleep")
	}
	which := [7]bool{true, true, true, true, true, true, true}
	if days := strings.TrimSpace(part[:first]); days != "" {
		var err error
		if which, err = Days(days); err != nil {
			return err
		}
	}
	transitions, err := parseTransitions(part[first:])
	if err != nil {
		return err
	}
	for i, counts := range which {
		if counts && named[i] {
			return fmt.Errorf("%s is named twice: write all of a day's transitions in one part", dayWords[i])
		}
		if counts {
			named[i], w.days[mondayFirst[i]] = true, transitions
		}
	}
	return nil
}

// Days reads days such as mon-fri,sun, counted from Monday. A range may go over Sunday.
func Days(text string) (which [7]bool, err error) {
	for item := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(item, "-")
		if !isRange {
			last = first
		}
		from, to := dayOf(first), dayOf(last)
		if from < 0 || to < 0 {
			return which, fmt.Errorf("%.20q is no day: write %s, or a range such as mon-fri", strings.TrimSpace(item), strings.Join(dayWords, ", "))
		}
		for d := from; ; d = (d + 1) % 7 {
			if which[d] {
				return which, fmt.Errorf("%s is named twice: write each day once", dayWords[d])
			}
			if which[d] = true; d == to {
				break
			}
		}
	}
	return which, nil
}

func dayOf(word string) int { return slices.Index(dayWords, strings.TrimSpace(word)) }

func parseTransitions(text string) ([]Transition, error) {
	var all []Transition
	for item := range strings.SplitSeq(text, ",") {
		t, err := parseTransition(item)
		if err != nil {
			return nil, err
		}
		if n := len(all); n > 0 && t.Minute <= all[n-1].Minute {
			return nil, fmt.Errorf("%s comes after %s: write the times of a day in their order, each once", t, all[n-1])
		}
		all = append(all, t)
	}
	if len(all) > maxPerDay {
		return nil, fmt.Errorf("has %d transitions a day: at most %d", len(all), maxPerDay)
	}
	return all, nil
}

func parseTransition(item string) (Transition, error) {
	words := strings.Fields(item)
	if len(words) != 2 {
		return Transition{}, fmt.Errorf("%.40q is no time with a target: write such as 06:30 comfort", strings.TrimSpace(item))
	}
	minute, err := Minute(words[0])
	if err != nil {
		return Transition{}, err
	}
	target, err := ParseTarget(words[1])
	return Transition{minute, target}, err
}

// Minute reads a time of day, HH:MM from 00:00 to 23:59, as the minute of the day.
func Minute(text string) (int, error) {
	if !timeOfDay.MatchString(text) {
		return 0, fmt.Errorf("%.20q is no time of day: write HH:MM, from 00:00 to 23:59", text)
	}
	hour, _ := strconv.Atoi(text[:2])
	minute, _ := strconv.Atoi(text[3:])
	return hour*60 + minute, nil
}

// ParseTarget reads what a transition begins: a preset, °C with at most 2 decimals, or off.
func ParseTarget(word string) (Target, error) {
	switch {
	case word == "off":
		return Target{Off: true}, nil
	case temperature.MatchString(word):
		celsius, err := strconv.ParseFloat(word, 64)
		return Target{Celsius: celsius}, err
	case CheckPreset(word) == nil:
		return Target{Preset: word}, nil
	}
	return Target{}, fmt.Errorf("%.40q is no target: write a preset, a temperature in °C with at most 2 decimals such as 20.5, or off", word)
}
