// Package spelling finds the name that a wrong one was meant to be.
package spelling

import (
	"strings"

	"github.com/agnivade/levenshtein"
)

// longest is the length up to which a name can be a valid one misspelt; no valid name is nearly as long.
const longest = 100

// Nearest returns the valid name that is spelt most like a wrong one, or "" when none is close enough to have been
// meant. Case does not count; of two that are as close, the first in the alphabet wins.
func Nearest(name string, valid []string) string {
	if len(name) > longest {
		return ""
	}
	best, distance := "", len(name)/3+2
	for _, v := range valid {
		d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(v))
		if d < distance || d == distance && best != "" && v < best {
			best, distance = v, d
		}
	}
	return best
}
