//go:build !linux

package service

import "time"

// BootAhead is always 0 here: where the kernel is not Linux nothing is known of a suspend.
func BootAhead() time.Duration { return 0 }
