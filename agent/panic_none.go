//go:build !panichook

package main

// panicOnSignal does nothing but in a build for the tests of the service.
func panicOnSignal() {}
