package bridge

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"thermostat/agent/config"
	"thermostat/fleet/engine"
)

// TopicAgents is the topic of the log that has what agents say, with the MQTT topic as key.
const TopicAgents = "agents"

// The last words of a device's topics: <prefix>/<sensorID>/<word>. What goes up and what goes down
// have different ones, so that nothing goes round.
const (
	wordSensor  = "sensor"
	wordTempset = "tempset"
	wordCommand = "heatercontrol"
)

// agentWords are what the log has of an agent's zone: <prefix>/<device>/<zone>/<word>.
var agentWords = []string{"sensor", "control", "program", "ack", "target", "heater", "cooler"}

// routes says where messages go.
type routes struct {
	prefix  string // of devices' topics
	agents  string // of agents' topics; empty: none are taken
	sensors Sensors
}

// check refuses prefixes by which a message could have two ways.
func (r *routes) check() error {
	for _, prefix := range []string{r.prefix, r.agents} {
		if (prefix != "" || prefix == r.prefix) && !config.PrefixForm.MatchString(prefix) {
			return fmt.Errorf("prefix %.40q is not of the form %v", prefix, config.PrefixForm)
		}
	}
	if r.agents != "" && (strings.HasPrefix(r.prefix+"/", r.agents+"/") || strings.HasPrefix(r.agents+"/", r.prefix+"/")) {
		return fmt.Errorf("the prefixes %s of devices and %s of agents overlap: a message would have two ways", r.prefix, r.agents)
	}
	if len(r.sensors) == 0 {
		return errors.New("no sensors: which sensorIDs are this site's?")
	}
	return nil
}

// filters are what the bridge subscribes to.
func (r *routes) filters() (all []string) {
	all = []string{r.prefix + "/+/" + wordSensor, r.prefix + "/+/" + wordTempset}
	if r.agents != "" {
		for _, word := range agentWords {
			all = append(all, r.agents+"/+/+/"+word)
		}
	}
	return all
}

// maxTopic is the longest topic that is taken, in bytes.
const maxTopic = 512

var (
	errTopic   = errors.New("a topic that is not for the log")
	errForeign = errors.New("a sensorID of another site")
)

// up says where in the log a message goes, and under which key.
func (r *routes) up(topic string) (name string, key []byte, err error) {
	if len(topic) > maxTopic {
		return "", nil, errTopic
	}
	if r.agents != "" {
		if rest, ok := strings.CutPrefix(topic, r.agents+"/"); ok {
			return r.agent(topic, rest)
		}
	}
	rest, ok := strings.CutPrefix(topic, r.prefix+"/")
	number, word, both := strings.Cut(rest, "/")
	name = map[string]string{wordSensor: engine.TopicSensor, wordTempset: engine.TopicTempset}[word]
	if !ok || !both || name == "" {
		return "", nil, errTopic
	}
	id, err := strconv.ParseInt(number, 10, 32)
	if err != nil || id < 1 || strconv.FormatInt(id, 10) != number {
		return "", nil, errTopic
	}
	if !r.sensors.Has(int32(id)) {
		return "", nil, errForeign
	}
	return name, engine.Key(int32(id)), nil
}

// agent takes an agent's topic, of which a part follows the prefix.
func (r *routes) agent(topic, rest string) (name string, key []byte, err error) {
	levels := strings.Split(rest, "/")
	if len(levels) == 3 && levels[0] != "" && levels[1] != "" && slices.Contains(agentWords, levels[2]) {
		return TopicAgents, []byte(topic), nil
	}
	return "", nil, errTopic
}

// down is where a heater hears what it is told.
func (r *routes) down(id int32) string { return fmt.Sprintf("%s/%d/%s", r.prefix, id, wordCommand) }

// Sensors are the sensorIDs of a site.
type Sensors []span

type span struct{ first, last int32 }

// ParseSensors reads such as 1-1000,2001.
func ParseSensors(text string) (all Sensors, err error) {
	for _, part := range strings.Split(text, ",") {
		from, to, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			to = from
		}
		first, err := strconv.ParseInt(from, 10, 32)
		last, err2 := strconv.ParseInt(to, 10, 32)
		if err != nil || err2 != nil || first < 1 || last < first {
			return nil, fmt.Errorf("%.40q is no sensorID from 1 on, and no range of them such as 1-1000", part)
		}
		all = append(all, span{int32(first), int32(last)})
	}
	return all, nil
}

// Has reports whether a sensorID is among them.
func (s Sensors) Has(id int32) bool {
	for _, one := range s {
		if one.first <= id && id <= one.last {
			return true
		}
	}
	return false
}
