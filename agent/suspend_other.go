//go:build !linux

package main

import "time"

// Where the kernel is not Linux nothing is known of a suspend.
func bootAhead() time.Duration { return 0 }
