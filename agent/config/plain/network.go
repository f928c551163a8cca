package plain

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"thermostat/agent/config/yamltree"
)

// HostForm is a name as it stands in an address; a port is not part of it.
var HostForm = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$`)

func shown(text string) string { return fmt.Sprintf("%q", yamltree.Shortened(text)) }

// IsListen reports whether a text is an address to listen on.
func IsListen(address string) bool {
	host, port, err := net.SplitHostPort(address)
	if err != nil || strings.ContainsAny(host, "/ ") {
		return false
	}
	p, err := strconv.Atoi(port)
	return err == nil && p >= 0 && p <= 65535
}

// NotListen is said of a text that is none, with one that is.
func NotListen(text, such string) string {
	if IsListen(text) {
		return ""
	}
	_, port, err := net.SplitHostPort(text)
	if p, tooLong := strconv.Atoi(port); err == nil && digits.MatchString(port) && (tooLong != nil || p < 0 || p > 65535) {
		return shown(text) + " has a port outside 0..65535"
	}
	return fmt.Sprintf("%s is not an address such as %s", shown(text), such)
}

var digits = regexp.MustCompile(`^-?[0-9]+$`)

// IsOpenToAll reports whether an address is surely not a loopback one; a name is
// resolved only when the page opens.
func IsOpenToAll(listen string) bool {
	host, _, _ := net.SplitHostPort(listen)
	ip, err := netip.ParseAddr(host)
	return listen != "" && (host == "" || err == nil && !ip.IsLoopback())
}

// NotHost is said of a text that is no host name.
func NotHost(text string) string {
	if !HostForm.MatchString(text) {
		return shown(text) + " is not a host name such as cabin.example; the port does not belong to it"
	}
	return ""
}

// NotProxy is said of a text that is neither an address nor a network of few.
func NotProxy(text string) string {
	switch p, err := Proxy(text); {
	case err != nil || p.Addr().Is4In6():
		return shown(text) + " is not an address such as 127.0.0.1, or a network such as 172.30.32.0/23"
	case p.Bits() == 0:
		return shown(text) + " would believe everybody: name the proxy's own address, such as 127.0.0.1"
	}
	return ""
}

// Proxy reads an address, or a network of them.
func Proxy(text string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(text); err == nil {
		ip = ip.Unmap().WithZone("")
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}
