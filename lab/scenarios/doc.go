// Package scenarios holds the tests of the agent on the virtual board: the
// cross-built binary under the real kernel. What the relay did is read from the
// board's own event log, never from what the agent says of itself.
package scenarios
