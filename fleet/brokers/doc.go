// Package brokers holds tests alone: the real agent against the brokers that
// people run, held to the table of docs/brokers.md.
package brokers
