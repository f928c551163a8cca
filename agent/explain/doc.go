// Package explain tells in words what the law has learned of a room, what comes next, and why.
package explain
