// Package setpoint is the rules by which a zone's setpoint and its program stay one
// each, whoever speaks. It knows no connection: an [Arbiter] is told what happens, and
// answers what is to be done.
//
// The setpoint is what the broker retains on the zone's control topic. Whatever
// else changes it (the page, Home Assistant, a memory that outlived the broker's)
// becomes a control that the agent itself publishes there, retained. A control is
// a complete statement: what it leaves out takes the configured value, so that the
// same bytes always mean the same, and no clocks and no revision numbers must agree.
// All this is so of the program on its topic, too: one arbiter serves both. It does
// not know what a message says; a judge does, [ControlArbiter] or [ProgramArbiter].
//
// These rules judge each message from the broker, here called a control; the first that
// fits decides:
//
//   - Rule 0. An empty payload means that the topic was deleted. It changes nothing.
//   - Rule 1. The same bytes as last time are a redelivery if they are retained, or are
//     what is obeyed. If they came live, they are answered once more; nothing changes.
//   - Rule 2. An own control that is older than our newest one changes nothing: the
//     newer one is on its way, or is published again. Where somebody else's is active,
//     only the last own one that a person said wins when it comes back, and only the
//     first time. If another comes back, what is obeyed is published again.
//   - Rule 3. Everything else is judged: accepted, it becomes active; refused, it is
//     answered with the reason, and replaced if the broker retains it. A retained
//     control that may name presets of a program not heard yet waits for that.
//
// A control that came live is unverified until the broker gives it back as
// retained: its writer may have forgotten to retain it, or a cluster in election has
// lost it. Meanwhile a retained control that is known to be earlier does not win; the
// active one is published again as a new own control.
//
// On a connection the arbiter first subscribes, and waits for what is retained; then
// the zone is synced. Only then does it publish, and only what the broker is not known
// to have. An own message is on disk before it is published, and must come back. The
// arbiter subscribes again now and then, which by rule 1 does no harm. What is configured
// is never published.
//
// A hold ends in the zone, and nothing is said where its control tells the end. Only that
// of a hold until the next transition is published, by the source program: after the topic
// was heard anew, and at most once a minute. What is over is on disk, and stays over.
//
// docs/setpoint-protocol.md has the rules with all their cases and reasons.
package setpoint
