package kubernetes

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/blang/semver"
)

// comparison is one comparison of a version constraint, in Helm's language: an operator and a version whose parts may
// be left out or be x.
var comparison = regexp.MustCompile(`^(=|!=|>|<|>=|<=|=>|=<|~|~>|\^)?\s*v?(\d+|[xX*])(\.(\d+|[xX*]))?(\.(\d+|[xX*]))?(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)

// operators join what is written apart from its version.
var operators = regexp.MustCompile(`([=!<>~^]+)\s+`)

// constraint reports whether a version satisfies a constraint such as ">= 1.2, < 2" or "^1.2 || ~3.4.5".
func constraint(text string) (func(semver.Version) bool, error) {
	var anyOf [][]func(semver.Version) bool
	for _, group := range strings.Split(text, "||") {
		group = operators.ReplaceAllString(strings.ReplaceAll(group, ",", " "), "$1")
		var allOf []func(semver.Version) bool
		for _, word := range strings.Fields(group) {
			m := comparison.FindStringSubmatch(word)
			if m == nil {
				return nil, fmt.Errorf("improper constraint: %s", text)
			}
			allOf = append(allOf, compare(m))
		}
		if len(allOf) == 0 {
			return nil, fmt.Errorf("improper constraint: %s", text)
		}
		anyOf = append(anyOf, allOf)
	}
	return func(v semver.Version) bool {
	groups:
		for _, allOf := range anyOf {
			for _, ok := range allOf {
				if !ok(v) {
					continue groups
				}
			}
			return true
		}
		return false
	}, nil
}

// compare turns one parsed comparison into a test. A version with parts left out is a range.
func compare(m []string) func(semver.Version) bool {
	parts := [3]uint64{}
	given := 0
	for i, text := range []string{m[2], m[4], m[6]} {
		if text == "" || strings.ContainsAny(text, "xX*") {
			break
		}
		_, _ = fmt.Sscan(text, &parts[i])
		given++
	}
	low := semver.Version{Major: parts[0], Minor: parts[1], Patch: parts[2]}
	if m[7] != "" {
		for _, word := range strings.Split(m[7][1:], ".") {
			if pre, err := semver.NewPRVersion(word); err == nil {
				low.Pre = append(low.Pre, pre)
			}
		}
	}
	// high is the first version beyond the range that the given parts span.
	after := func(part int) semver.Version {
		switch part {
		case 0:
			return semver.Version{Major: ^uint64(0)}
		case 1:
			return semver.Version{Major: low.Major + 1}
		case 2:
			return semver.Version{Major: low.Major, Minor: low.Minor + 1}
		}
		return semver.Version{Major: low.Major, Minor: low.Minor, Patch: low.Patch + 1}
	}
	span := func(high semver.Version) func(semver.Version) bool {
		return func(v semver.Version) bool { return v.GE(low) && v.LT(high) && (len(v.Pre) == 0 || len(low.Pre) > 0) }
	}
	same := span(after(given))
	if given == 3 {
		same = func(v semver.Version) bool { return v.EQ(low) }
	}
	switch m[1] {
	case "!=":
		return func(v semver.Version) bool { return !same(v) }
	case ">":
		if given < 3 {
			low = after(given)
			return func(v semver.Version) bool { return v.GE(low) }
		}
		return func(v semver.Version) bool { return v.GT(low) }
	case ">=", "=>":
		return func(v semver.Version) bool { return v.GE(low) }
	case "<":
		return func(v semver.Version) bool { return v.LT(low) }
	case "<=", "=<":
		if given < 3 {
			high := after(given)
			return func(v semver.Version) bool { return v.LT(high) }
		}
		return func(v semver.Version) bool { return v.LE(low) }
	case "~", "~>":
		return span(after(min(given, 2)))
	case "^":
		switch {
		case low.Major > 0 || given < 2:
			return span(after(min(given, 1)))
		case low.Minor > 0 || given < 3:
			return span(after(2))
		default:
			return span(after(3))
		}
	default:
		return same
	}
}
