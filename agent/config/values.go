package config

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"thermostat/agent/config/plain"
	"thermostat/agent/config/yamltree"
	"thermostat/controlloop"
)

// take puts a plain value where to points. It says what is wrong with the value,
// or nothing; then what was there stays.
func take(r *reader, k *key, n *node, to any) (wrong string) {
	if n.Kind != yamltree.Scalar {
		return fmt.Sprintf("is %v, but %s is wanted", n.Kind, wanted(to))
	}
	switch to := to.(type) {
	case *float64:
		x, wrong := plain.Number(n, k.unit == "K")
		return put(to, x, cmp.Or(wrong, outside(k, x)))
	case *time.Duration:
		d, wrong := plain.Duration(n.Text)
		return put(to, d, cmp.Or(wrong, outside(k, d)))
	case *int:
		x, wrong := whole(k, n)
		return put(to, int(x), wrong)
	case *int32:
		x, wrong := whole(k, n)
		return put(to, int32(x), wrong)
	case *uint64:
		x, wrong := plain.Seed(n)
		return put(to, x, wrong)
	case *uint16:
		x, err := strconv.ParseUint(n.Text, 0, 16)
		if low, high := k.bound.low, k.bound.high; err != nil || uint16(x) != low && uint16(x) != high {
			wrong = fmt.Sprintf("%s is none of %s, %s, %s", yamltree.Shortened(n.Text), plain.Written(low), plain.Written(high), k.form.is)
		}
		return put(to, uint16(x), wrong)
	case *bool:
		return put(to, n.Text == "true", plain.NotBoolean(n))
	case *controlloop.Mode:
		wrong := cmp.Or(plain.Strange(n.Text), k.form.refuse(r, n.Text))
		m, _ := controlloop.ParseMode(n.Text)
		return put(to, m, wrong)
	case *string:
		return put(to, n.Text, cmp.Or(plain.Strange(n.Text), k.form.refuse(r, n.Text)))
	}
	panic(fmt.Sprintf("%s: a %T is no plain value", k.name, to))
}

func put[V any](to *V, value V, wrong string) string {
	if wrong == "" {
		*to = value
	}
	return wrong
}

// wanted names the kind of a value.
func wanted(to any) string {
	switch to.(type) {
	case *float64:
		return "a number"
	case *time.Duration:
		return "a duration such as 5s"
	case *int, *int32, *uint64:
		return "a whole number"
	case *uint16:
		return "an address"
	case *bool:
		return "true or false"
	}
	return "a text"
}

// outside is said of a value out of a bound that nobody else holds it to.
func outside[V cmp.Ordered](k *key, value V) string {
	low, ok := k.bound.low.(V)
	if !ok || k.bound.elsewhere || low <= value && value <= k.bound.high.(V) {
		return ""
	}
	return fmt.Sprintf("%v is outside %s", value, boundText(k))
}

// boundText tells a bound: 0s..24h, -10..10 K; empty where there is none.
func boundText(k *key) string {
	if k.bound.low == nil {
		return ""
	}
	return strings.TrimSpace(plain.Written(k.bound.low) + ".." + plain.Written(k.bound.high) + " " + k.unit)
}

// whole reads a whole number within the key's bounds.
func whole(k *key, n *node) (x int64, wrong string) {
	if wrong := plain.NotWhole(n); wrong != "" {
		return 0, wrong
	}
	var low, high int64
	switch k.bound.low.(type) {
	case int:
		low, high = int64(k.bound.low.(int)), int64(k.bound.high.(int))
	case int32:
		low, high = int64(k.bound.low.(int32)), int64(k.bound.high.(int32))
	}
	x, err := strconv.ParseInt(n.Text, 10, 64)
	if err != nil || x < low || x > high {
		return 0, fmt.Sprintf("%s is outside %d..%d", yamltree.Shortened(n.Text), low, high)
	}
	return x, ""
}
