// Package peers holds the engine's law against the operator of the published pattern, written
// for other stream engines in a few lines each: README.md beside it. It has tests alone.
package peers
