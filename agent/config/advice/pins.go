package advice

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

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

// HeaderLine gives the line of a Raspberry Pi's header that another spelling of it
// means, and the header's pin if that is what was named; "" if it is neither.
func HeaderLine(text string) (line string, pin int) {
	if m := lineSpelled.FindStringSubmatch(text); m != nil {
		return "GPIO" + cmp.Or(strings.TrimLeft(m[1], "0"), "0"), 0
	}
	if m := pinSpelled.FindStringSubmatch(text); m != nil {
		number, _ := strconv.Atoi(m[1])
		if gpio, ok := headerPins[number]; ok {
			return fmt.Sprintf("GPIO%d", gpio), number
		}
	}
	return "", 0
}
