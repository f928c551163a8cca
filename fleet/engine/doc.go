// Package engine runs the law of an agent's zones as an operator on Apache Kafka, for
// sensors and heaters that have no board of their own. Kafka's groups, transactions and
// compacted topics are the engine: a worker takes partitions of the topic tick, decides
// what a tick says with what the topics sensor, tempset and zones hold, and commits its
// commands, the zones' states and its place in the log as one.
package engine
