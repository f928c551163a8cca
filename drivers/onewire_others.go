package drivers

import (
	"fmt"
	"strings"
)

// successors says which other thermometers are on the bus of one that is not
// there: often it was replaced. It is empty where there are none.
func successors(others []string) string {
	const most = 8
	switch n := len(others); {
	case n == 0:
		return ""
	case n > most:
		return fmt.Sprintf("; %s and %d more are: if one of them has replaced it, write its id instead", strings.Join(others[:most], ", "), n-most)
	case n == 1:
		return fmt.Sprintf("; %s is: if it has replaced it, write its id instead", others[0])
	}
	return fmt.Sprintf("; %s are: if one of them has replaced it, write its id instead", strings.Join(others, ", "))
}
