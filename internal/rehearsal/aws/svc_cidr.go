package aws

import (
	"net/netip"

	"go4.org/netipx"
)

// parseCIDR reads an IPv4 network whose host bits are zero.
func parseCIDR(s string) (netip.Prefix, bool) {
	p, err := netip.ParsePrefix(s)
	if err != nil || !p.Addr().Is4() || p != p.Masked() {
		return netip.Prefix{}, false
	}
	return p, true
}

// within reports whether a network lies inside another.
func within(inner, outer netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

// withinAny reports whether a network lies inside one of others.
func withinAny(inner netip.Prefix, outer []netip.Prefix) bool {
	for _, o := range outer {
		if within(inner, o) {
			return true
		}
	}
	return false
}

// overlapping returns the first of some networks that overlaps one.
func overlapping(p netip.Prefix, others []netip.Prefix) (netip.Prefix, bool) {
	for _, o := range others {
		if p.Overlaps(o) {
			return o, true
		}
	}
	return netip.Prefix{}, false
}

var (
	tens         = netip.MustParsePrefix("10.0.0.0/8")
	seventeens   = netip.MustParsePrefix("172.16.0.0/12")
	ninetyTwos   = netip.MustParsePrefix("192.168.0.0/16")
	privateIPv4  = []netip.Prefix{tens, seventeens, ninetyTwos}
	reservedByVM = netip.MustParsePrefix("198.19.0.0/16")
)

// reservedHead is how many addresses at the start of a subnet AWS keeps: network, router, DNS, future use; the
// last one is the broadcast address (https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html).
const reservedHead = 4

// nextAddress returns the lowest address of a subnet that is neither AWS's own, nor taken, nor in a reservation.
func nextAddress(subnet netip.Prefix, taken map[netip.Addr]bool, reserved []netip.Prefix) (netip.Addr, bool) {
	last := netipx.PrefixLastIP(subnet)
	a := subnet.Addr()
	for range reservedHead {
		a = a.Next()
	}
	for a.Less(last) {
		if r, ok := overlapping(netip.PrefixFrom(a, 32), reserved); ok {
			a = netipx.PrefixLastIP(r).Next()
			continue
		}
		if !taken[a] {
			return a, true
		}
		a = a.Next()
	}
	return netip.Addr{}, false
}
