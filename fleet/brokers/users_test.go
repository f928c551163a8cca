package brokers

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// user is who may enter each broker, with the name for a password, and the begin of
// the topics that it may read and write; empty is nothing.
type user struct{ name, read, write string }

// everything below it is what the agents say and hear.
const everything = "thermostat/"

// operator is the person's name.
const operator = "operator"

// users are a person and the agents of the behaviours, each in its own place.
func users() []user {
	all := []user{{operator, everything, everything}}
	for _, b := range append(behaviours, afterwards...) {
		own := everything + b.device + "/"
		u := user{b.device, own, own}
		if b.mayNotRead {
			u.read = ""
		}
		if b.mayNotWrite {
			u.write = ""
		}
		all = append(all, u)
	}
	return all
}

// mosquittoPasswords is a file that mosquitto_passwd -U hashes.
func mosquittoPasswords() (text string) {
	for _, u := range users() {
		text += u.name + ":" + u.name + "\n"
	}
	return text
}

func mosquittoRules() (text string) {
	for _, u := range users() {
		text += "user " + u.name + "\n"
		for right, base := range map[string]string{"read": u.read, "write": u.write} {
			if base != "" {
				text += "topic " + right + " " + base + "#\n"
			}
		}
	}
	return text
}

func natsRules() string {
	subjects := func(base string) string {
		if base == "" {
			return `{deny: ">"}`
		}
		return fmt.Sprintf("%q", strings.ReplaceAll(base, "/", ".")+">")
	}
	var text strings.Builder
	text.WriteString("authorization {users: [\n")
	for _, u := range users() {
		fmt.Fprintf(&text, "{user: %q, password: %q, permissions {publish: %s, subscribe: %s}}\n", u.name, u.name, subjects(u.write), subjects(u.read))
	}
	return text.String() + "]}\n"
}

// rabbitRights are the document's, of the device cabin: in a vhost configure, write
// and read, of the topics write and read.
var rabbitRights = regexp.MustCompile(`set_permissions cabin '(.*)' '(.*)' '(.*)'\n.*set_topic_permissions cabin amq\.topic '(.*)' '(.*)'`)

// rabbitDefinitions is what load_definitions takes.
func rabbitDefinitions(t *testing.T) string {
	type object map[string]any
	document := rabbitRights.FindStringSubmatch(readDocument(t))
	if document == nil {
		t.Fatal("docs/brokers.md has no rights for RabbitMQ")
	}
	// what the document lets cabin do, for topics that begin so
	below := func(pattern, base string) string {
		if base == "" {
			return "^$"
		}
		return strings.ReplaceAll(pattern, `thermostat\.cabin\.`, regexp.QuoteMeta(strings.ReplaceAll(base, "/", ".")))
	}
	var people, rights, topics []object
	for _, u := range users() {
		people = append(people, object{"name": u.name, "password_hash": rabbitHash(u.name), "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": ""})
		rights = append(rights, object{"user": u.name, "vhost": "/", "configure": document[1], "write": document[2], "read": document[3]})
		topics = append(topics, object{"user": u.name, "vhost": "/", "exchange": "amq.topic", "write": below(document[4], u.write), "read": below(document[5], u.read)})
	}
	text, _ := json.Marshal(object{"vhosts": []object{{"name": "/"}}, "users": people, "permissions": rights, "topic_permissions": topics})
	return string(text)
}

// rabbitHash is a password as RabbitMQ keeps it: salt, and SHA-256 of salt and password.
func rabbitHash(password string) string {
	const salt = "salt"
	sum := sha256.Sum256([]byte(salt + password))
	return base64.StdEncoding.EncodeToString(append([]byte(salt), sum[:]...))
}

// aedesUsers is the file that aedes/broker.js reads.
func aedesUsers() string {
	all := map[string]map[string]string{}
	for _, u := range users() {
		all[u.name] = map[string]string{"password": u.name, "read": u.read, "write": u.write}
	}
	text, _ := json.Marshal(all)
	return string(text)
}
