package service

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"thermostat/agent/config"
)

// chronyFiles are where distributions keep chrony's configuration.
var chronyFiles = []string{"etc/chrony/chrony.conf", "etc/chrony.conf"}

// ChronyWarning is empty where chrony tells the kernel that it has set the clock, where
// there is none, and where no program has to know. Without rtcsync it sets the clock and
// leaves the kernel's flag that nobody has (chrony.conf(5)). The root is for tests.
func ChronyWarning(c config.Config, root string) string {
	if c.Clock != "auto" || !slices.ContainsFunc(c.Zones, func(z config.Zone) bool { return z.Comfort.HasProgram() }) {
		return ""
	}
	file := chronyWithoutRTCSync(root)
	if file == "" {
		return ""
	}
	return file + " lacks rtcsync: chrony sets the clock without telling the kernel, so after a boot the clock counts as a guess and the program does not step; " +
		"write a line rtcsync into it and restart chrony"
}

// chronyWithoutRTCSync is the file in which the word is missing; empty where it is not, or
// where nothing can be read.
func chronyWithoutRTCSync(root string) string {
	for _, name := range chronyFiles {
		main := filepath.Join(root, name)
		text, err := os.ReadFile(main)
		if err != nil {
			continue
		}
		beside, _ := filepath.Glob(filepath.Join(filepath.Dir(main), "conf.d", "*.conf"))
		for _, part := range beside {
			more, _ := os.ReadFile(part) // one that cannot be read says nothing
			text = append(append(text, '\n'), more...)
		}
		if !saysRTCSync(string(text)) {
			return main
		}
		return ""
	}
	return ""
}

// saysRTCSync reports whether a line is that directive, in whatever case: chrony takes
// all, and comments begin with !, ;, # or %.
func saysRTCSync(text string) bool {
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) > 0 && strings.EqualFold(words[0], "rtcsync") {
			return true
		}
	}
	return false
}
