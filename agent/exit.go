package main

// exitError is an error that knows the exit code it asks for: 1 failed while
// running, 2 wrong use or configuration, and what a command adds to these.
type exitError struct {
	code int
	err  error // what to print; nil where all has been said
}

// Error gives what is left to print, nothing where all has been said.
func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

// Unwrap gives the cause.
func (e *exitError) Unwrap() error { return e.err }
