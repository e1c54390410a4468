// Package plural writes numbers with their nouns.
package plural

import "fmt"

// Of writes a number with its noun: "1 resource", "2 resources". A noun whose plural is not made with an s is given both ways.
func Of(n int, one string, many ...string) string {
	switch {
	case n == 1:
		return "1 " + one
	case len(many) > 0:
		return fmt.Sprintf("%d %s", n, many[0])
	}
	return fmt.Sprintf("%d %ss", n, one)
}
