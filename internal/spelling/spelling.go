// Package spelling finds the valid name closest to a misspelled one.
package spelling

import (
	"strings"

	"github.com/agnivade/levenshtein"
)

// longest is the length up to which a name is compared; no valid name is nearly as long.
const longest = 100

// Nearest returns the valid name closest to a misspelled one, or "" if none is close enough. Case is ignored; of two
// equally close ones, the first in alphabetical order wins.
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
