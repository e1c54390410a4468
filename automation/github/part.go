package github

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Part is what one job has to say about one environment.
type Part struct {
	// Environment is the name of the environment; a comment has one part of each. Required.
	Environment string `json:"-"`
	// Head is the commit of the pull request that the part is about, not the merge commit: Run.Head. Required.
	Head string `json:"head"`
	// RunID and Attempt order the parts of an environment: the later run wins, then the later attempt. GitHub's
	// numbers of runs only grow; a bot elsewhere can use the time. Parts of the current head win over any other.
	RunID   int64 `json:"run"`
	Attempt int   `json:"attempt"`
	// Data is what the comment is rendered from: any JSON. It travels in the comment.
	Data json.RawMessage `json:"data,omitempty"`
	// Brief stands for Data when the comment has no room for it: the shortest that still tells the essential.
	// Without it a Data that does not fit is an ErrTooLarge.
	Brief json.RawMessage `json:"brief,omitempty"`
	// Stale is set for Render: the part is about another commit than the current head.
	Stale bool `json:"-"`

	// Sum identifies the content, also when Data was left out. Post sets it.
	Sum string `json:"sum"`
}

// Shortened tells whether Data was left out in favour of Brief.
func (p Part) Shortened() bool { return len(p.Data) == 0 && len(p.Brief) > 0 }

// checked returns the part as it travels.
func (p Part) checked() (Part, error) {
	if p.Environment == "" || p.Head == "" {
		return p, fmt.Errorf("part of environment %q at commit %q: %w: both must be set", p.Environment, p.Head, ErrInvalid)
	}
	if len(p.Data) == 0 {
		return p, fmt.Errorf("part of environment %q: %w: it has no data", p.Environment, ErrInvalid)
	}
	for _, raw := range []*json.RawMessage{&p.Data, &p.Brief} {
		if len(*raw) == 0 {
			continue
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, *raw); err != nil {
			return p, fmt.Errorf("part of environment %q: %w: data and brief must be JSON: %w", p.Environment, ErrInvalid, err)
		}
		*raw = compact.Bytes()
	}
	sum := sha256.Sum256(slices.Concat(p.Data, []byte{0}, p.Brief))
	p.Sum = hex.EncodeToString(sum[:8])
	return p, nil
}

// rank compares two parts of one environment: positive when p is the later one.
func (p Part) rank(q Part, head string) int {
	if of, other := p.Head == head, q.Head == head; of != other {
		if of {
			return 1
		}
		return -1
	}
	return cmp.Or(cmp.Compare(p.RunID, q.RunID), cmp.Compare(p.Attempt, q.Attempt))
}

// same tells whether two parts of one environment are one.
func (p Part) same(q Part, head string) bool { return p.rank(q, head) == 0 && p.Sum == q.Sum }

// state is what the second line of the comment holds.
type state struct {
	Parts map[string]Part `json:"parts"`
}

// merge puts parts into what is there, and returns the environments of those that came too late: a later part was there.
func merge(into map[string]Part, parts map[string]Part, head string) (superseded []string) {
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		if there, ok := into[name]; ok && there.rank(parts[name], head) > 0 {
			superseded = append(superseded, name)
			continue
		}
		into[name] = parts[name]
	}
	return superseded
}

// holds tells whether every part is there, or a later one.
func holds(there, parts map[string]Part, head string) bool {
	for name, part := range parts {
		found, ok := there[name]
		if !ok || found.rank(part, head) <= 0 && !found.same(part, head) {
			return false
		}
	}
	return true
}

// shorten makes the parts smaller by one step, those of older commits first, and tells whether there was one: first their
// data go in favour of their briefs, then parts of older commits go altogether. It never drops one of the current head.
func shorten(parts map[string]Part) bool {
	size := func(p Part) int { return len(p.Data) + len(p.Brief) }
	largest := func(fits func(Part) bool) (Part, bool) {
		var best Part
		found := false
		for _, name := range slices.Sorted(maps.Keys(parts)) {
			if p := parts[name]; fits(p) && (!found || size(p) > size(best)) {
				best, found = p, true
			}
		}
		return best, found
	}
	hasBoth := func(p Part) bool { return len(p.Data) > 0 && len(p.Brief) > 0 }
	for _, fits := range []func(Part) bool{
		func(p Part) bool { return p.Stale && hasBoth(p) },
		func(p Part) bool { return hasBoth(p) && len(p.Data) > len(p.Brief) },
	} {
		if p, found := largest(fits); found {
			p.Data = nil
			parts[p.Environment] = p
			return true
		}
	}
	if p, found := largest(func(p Part) bool { return p.Stale }); found {
		delete(parts, p.Environment)
		return true
	}
	return false
}
