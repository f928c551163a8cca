// Package replay is the command replay: a log decided anew.
package replay
