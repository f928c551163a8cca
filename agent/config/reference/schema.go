package reference

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"thermostat/agent/config"
	"thermostat/agent/config/plant"
)

// Draft names the JSON Schema that [Schema] is one of.
const Draft = "https://json-schema.org/draft/2020-12/schema"

// node is a schema; its fields are the words of JSON Schema.
type node struct {
	Schema      string     `json:"$schema,omitempty"`
	ID          string     `json:"$id,omitempty"`
	Title       string     `json:"title,omitempty"`
	Description string     `json:"description,omitempty"`
	Ref         string     `json:"$ref,omitempty"`
	Type        any        `json:"type,omitempty"` // a word, or a list of words
	Enum        []any      `json:"enum,omitempty"`
	Const       string     `json:"const,omitempty"`
	Default     any        `json:"default,omitempty"`
	Pattern     string     `json:"pattern,omitempty"`
	MinLength   int        `json:"minLength,omitempty"`
	Minimum     any        `json:"minimum,omitempty"`
	Maximum     any        `json:"maximum,omitempty"`
	AnyOf       []*node    `json:"anyOf,omitempty"`
	Items       *node      `json:"items,omitempty"`
	Properties  properties `json:"properties,omitempty"`
	Required    []string   `json:"required,omitempty"`
	Additional  any        `json:"additionalProperties,omitempty"` // false, or a *node
	AllOf       []*node    `json:"allOf,omitempty"`
	If          *node      `json:"if,omitempty"`
	Then        *node      `json:"then,omitempty"`
	Else        *node      `json:"else,omitempty"`
	Defs        properties `json:"$defs,omitempty"`
}

// properties are schemas by name, in the order of the tables.
type properties []property

type property struct {
	name  string
	value any // a *node; false: it must not be there
}

// MarshalJSON keeps the order.
func (p properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, each := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(each.name)
		if err != nil {
			return nil, err
		}
		value, err := plainJSON(each.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// plainJSON leaves < and > as they are: nobody puts a schema into a page.
func plainJSON(value any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(value)
	return bytes.TrimSpace(b.Bytes()), err
}

// Schema gives the JSON Schema of a configuration (draft 2020-12), from which an
// editor completes and underlines. It holds each key by itself; what keys say
// together only `thermostat check` knows.
func Schema() ([]byte, error) {
	keys := config.Describe(plant.Of("boiler"))
	root := mapping(keys)
	root.Schema, root.ID, root.Title = Draft, "urn:thermostat:configuration", "Configuration of thermostat"
	for _, def := range devices(keys) {
		root.Defs = append(root.Defs, property{def.Name, device(def.Drivers)})
	}
	text, err := plainJSON(root)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// devices gives the first key of each kind of devices: the others refer to it.
func devices(keys []config.Key) (first []config.Key) {
	for _, k := range keys {
		found := devices(k.Keys)
		if k.Kind == config.Device {
			found = []config.Key{k}
		}
		for _, f := range found {
			if !slices.ContainsFunc(first, func(k config.Key) bool { return defOf(k) == defOf(f) }) {
				f.Name = defOf(f)
				first = append(first, f)
			}
		}
	}
	return first
}

// defOf names the definition of a device's schema.
func defOf(k config.Key) string {
	switch {
	case k.List:
		return "fallback"
	case k.Name == "contact":
		return "contact"
	case slices.ContainsFunc(k.Drivers, func(d config.Driver) bool { return d.Name == "gpio" }):
		return "relay"
	}
	return "sensor"
}

// mapping is the schema of a mapping of keys, and of no others.
func mapping(keys []config.Key) *node {
	n := &node{Type: "object", Additional: false}
	for _, k := range keys {
		n.Properties = append(n.Properties, property{k.Name, valueOf(k)})
		switch {
		case k.Beside != "":
			n.AllOf = append(n.AllOf, beside(k, keys))
		case k.Must:
			n.Required = append(n.Required, k.Name)
		}
	}
	return n
}

// beside lets a key be there only beside some values of another one.
func beside(k config.Key, keys []config.Key) *node {
	other := keys[slices.IndexFunc(keys, func(o config.Key) bool { return o.Name == k.Beside })]
	n := &node{
		If:   &node{Properties: properties{{other.Name, &node{Enum: anys(k.BesideIs)}}}},
		Else: &node{Properties: properties{{k.Name, false}}},
	}
	if !slices.Contains(k.BesideIs, other.Default) {
		n.If.Required = []string{other.Name}
	}
	if k.Must {
		n.Then = &node{Required: []string{k.Name}}
	}
	return n
}

// device is the schema of a mapping whose keys hang on its driver.
func device(kinds []config.Driver) *node {
	driver := &node{Description: "what it is: "}
	n := &node{Type: "object", Required: []string{"driver"}, Properties: properties{{"driver", driver}}}
	var says []string
	for _, d := range kinds {
		driver.Enum = append(driver.Enum, d.Name)
		says = append(says, d.Name+" ("+d.Says+")")
		n.AllOf = append(n.AllOf, &node{
			If:   &node{Properties: properties{{"driver", &node{Const: d.Name}}}, Required: []string{"driver"}},
			Then: mapping(d.Keys),
		})
	}
	driver.Description += strings.Join(says, ", ")
	return n
}

func anys[T any](all []T) (values []any) {
	for _, v := range all {
		values = append(values, v)
	}
	return values
}

// valueOf is the schema of a key's value, with what is said of it.
func valueOf(k config.Key) *node {
	n := plainValue(k)
	if k.List {
		n = &node{Type: "array", Items: n}
	}
	n.Description = description(k)
	if k.Default != "" && n.Ref == "" {
		n.Default = defaultOf(k)
	}
	return n
}

const (
	decimal  = `[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?`
	duration = `^[-+]?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$`
)

// plainValue is the schema of a value. A plain value may be a text to the reader
// though YAML takes it for a number, or for true.
func plainValue(k config.Key) *node {
	switch k.Kind {
	case config.Number:
		return number(k)
	case config.Whole:
		return &node{Type: "integer", Minimum: numeric(k.Low), Maximum: numeric(k.High)}
	case config.Address:
		return &node{Enum: []any{k.Low, k.High}}
	case config.Duration:
		return &node{Type: "string", Pattern: duration}
	case config.Boolean:
		return &node{Type: "boolean"}
	case config.Words:
		return &node{Type: "object", Additional: &node{Type: scalars, MinLength: 1}}
	case config.Numbers:
		return &node{Type: "object", Additional: &node{Type: "number"}}
	case config.Pairs:
		return &node{Type: "array", Items: &node{Type: "array", Items: &node{Type: "number"}}}
	case config.Mapping:
		return mapping(k.Keys)
	case config.Device:
		return &node{Ref: "#/$defs/" + defOf(k)}
	}
	return text(k)
}

var scalars = []string{"string", "number", "boolean"}

func text(k config.Key) *node {
	if len(k.Words) > 0 {
		n := &node{Enum: anys(k.Words)}
		if k.Empty {
			n.Enum = append(n.Enum, "")
		}
		return n
	}
	n := &node{Type: "string", Pattern: k.Pattern}
	if k.Numeric {
		n.Type = scalars
	}
	switch {
	case k.Empty && k.Pattern != "":
		n.Pattern = "^$|" + k.Pattern
	case !k.Empty:
		n.MinLength = 1
	}
	return n
}

// number may be written with a K where it is a difference.
func number(k config.Key) *node {
	n := &node{Type: "number", Minimum: numeric(k.Low), Maximum: numeric(k.High)}
	if k.Unit != "K" {
		return n
	}
	return &node{AnyOf: []*node{n, {Type: "string", Pattern: "^" + decimal + " ?K$"}}}
}

// numeric is a bound that a schema can hold; that of a duration it cannot, nor
// one that hangs on other keys.
func numeric(bound any) any {
	switch bound.(type) {
	case float64, int, int32:
		return bound
	}
	return nil
}

// defaultOf is a default with the type that its value has in YAML.
func defaultOf(k config.Key) any {
	switch {
	case k.List:
		return []any{}
	case k.Kind == config.Number || k.Kind == config.Whole || k.Kind == config.Boolean:
		return json.RawMessage(k.Default)
	case k.Kind == config.Address:
		return k.Low
	}
	return k.Default
}

// links are those of the documents.
var links = regexp.MustCompile(`\[([^]]*)\]\([^)]*\)`)

// description says a key's sentence, and what the schema itself cannot.
func description(k config.Key) string {
	says := links.ReplaceAllString(strings.ReplaceAll(k.Says, "`", ""), "$1")
	if k.Bounds != "" {
		says += " (" + k.Bounds + ")"
	}
	if k.Usual != "" {
		says += fmt.Sprintf("; default: %s", strings.ReplaceAll(k.Usual, "`", ""))
	}
	return says
}
