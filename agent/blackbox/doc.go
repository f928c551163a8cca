// Package blackbox holds tests alone: the real binary against a real mosquitto,
// a service manager's socket and a terminal, as users run it.
package blackbox
