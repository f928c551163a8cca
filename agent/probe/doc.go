// Package probe is the command probe: what is on this board, and a configuration for it.
package probe
