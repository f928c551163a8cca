package reference

import (
	"fmt"
	"strings"

	"thermostat/agent/config"
	"thermostat/agent/config/plant"
)

// The blocks of a page that are made here stand between these two lines; the
// words after "keys" name a driver: <!-- keys of sensor bme280: the table begins here -->.
const (
	beginning = "<!-- keys%s: the table begins here -->"
	end       = "<!-- keys%s: the table ends here -->"
)

// fill gives a page of docs with the tables of keys that it has a place for made anew.
func fill(page string) (string, error) {
	blocks := map[string]string{"": zoneTable()}
	for _, key := range devices(config.Describe(plant.Of("boiler"))) {
		for _, d := range key.Drivers {
			blocks[fmt.Sprintf(" of %s %s", strings.ReplaceAll(key.Name, "_", " "), d.Name)] = driverTable(d)
		}
	}
	for name, table := range blocks {
		first, last := fmt.Sprintf(beginning, name), fmt.Sprintf(end, name)
		before, rest, ok := strings.Cut(page, first)
		if !ok {
			continue
		}
		_, after, ok := strings.Cut(rest, last)
		if !ok {
			return "", fmt.Errorf("%s has no end %s", first, last)
		}
		page = before + first + "\n\n" + table + "\n" + last + after
	}
	return page, nil
}

const head = "| key | default | bounds and meaning |\n|---|---|---|\n"

// driverTable tells the keys of a driver but those that every one has.
func driverTable(d config.Driver) string {
	var b strings.Builder
	b.WriteString(head)
	for _, k := range d.Keys {
		if k.Name != "driver" && k.Name != "offset" && k.Name != "calibrate" {
			b.WriteString(row(k.Name, []config.Key{k}))
		}
	}
	return b.String()
}

// zoneTable tells all keys, with the defaults of every plant.
func zoneTable() string {
	var plants [][]config.Key
	for _, name := range plant.Names() {
		plants = append(plants, config.Describe(plant.Of(name)))
	}
	return head + rows("", plants)
}

// rows tells the keys of a mapping, each with what it is in every plant.
func rows(path string, plants [][]config.Key) string {
	var b strings.Builder
	for i, k := range plants[0] {
		each := make([]config.Key, len(plants))
		below := make([][]config.Key, len(plants))
		for p := range plants {
			each[p], below[p] = plants[p][i], plants[p][i].Keys
		}
		name := path + k.Name
		if len(k.Keys) == 0 || k.More != "" {
			b.WriteString(row(name, each))
		}
		if len(k.Keys) > 0 {
			if k.List {
				name += "[]"
			}
			b.WriteString(rows(name+".", below))
		}
	}
	return b.String()
}

// row tells a key by what it is in every plant.
func row(name string, plants []config.Key) string {
	k := plants[0]
	meaning := k.Says
	if len(k.Words) > 0 {
		meaning = strings.Join(k.Words, ", ") + ": " + meaning
	}
	if k.Bounds != "" {
		meaning = k.Bounds + ": " + meaning
	}
	if k.Looks != "" {
		meaning += "; it " + k.Looks
	}
	if k.Beside != "" {
		meaning += fmt.Sprintf("; beside `%s` %s alone", k.Beside, strings.Join(k.BesideIs, ", "))
	}
	if k.More != "" {
		meaning += "; [more](" + k.More + ")"
	}
	return fmt.Sprintf("| `%s` | %s | %s |\n", name, defaults(plants), strings.ReplaceAll(meaning, "|", "\\|"))
}

// defaults tells the default, and those of the plants that have another.
func defaults(plants []config.Key) string {
	k := plants[0]
	if k.Must {
		return "required"
	}
	if k.Usual != "" {
		return k.Usual
	}
	var values []string
	by := map[string][]string{}
	for i, p := range plants {
		if by[p.Default] == nil {
			values = append(values, p.Default)
		}
		by[p.Default] = append(by[p.Default], plant.Names()[i])
	}
	var texts []string
	usual := ""
	for _, v := range values {
		if 2*len(by[v]) > len(plants) {
			usual = shown(v)
		} else {
			texts = append(texts, strings.Join(by[v], ", ")+" "+v)
		}
	}
	rest := strings.Join(texts, "; ")
	if usual != "" && rest != "" {
		rest = " (" + rest + ")"
	}
	return usual + rest
}

func shown(value string) string {
	if value == "" {
		return "none"
	}
	return value
}
