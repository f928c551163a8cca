// Package report is the published form of what a zone does: the state on the
// broker and on the page.
package report
