// Package simulate is the command simulate: days of a room in seconds.
package simulate
