//go:build !linux

package service

// ClockSynced is not known here.
func ClockSynced() *bool { return nil }
