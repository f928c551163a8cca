// Package cli is what all commands share: exit codes, errors in one line, log writers, the terminal, flags, temperatures as text.
package cli
