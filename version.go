// Package thermostat holds the number of the release.
package thermostat

import (
	_ "embed"
	"strings"
)

//go:embed VERSION
var release string

// Release is the release that this source is, or that it comes after. The file
// VERSION says it.
func Release() string { return strings.TrimSpace(release) }
