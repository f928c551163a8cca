// Package watch is the command watch: the states of all zones, live.
package watch
