package plan

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// chain finds out which replacements follow from which. The engine's events do not say what a resource depends on; they have
// the values, and a resource that is replaced along with another one holds what only that one could have told it: an ID,
// an ARN, a name that AWS made up.
type chain map[string]*link

// link is one replacement.
type link struct {
	// told are the values that the resource has by itself: its ID, and outputs that are no inputs.
	told map[string]bool
	// held are the values that force the replacement, where they are not known before the update; all of them where
	// nothing forces it but what it depends on.
	held map[string]bool
	// own tells that the replacement has a cause of its own.
	own bool
}

// shortestTold is how long a value must be to tell one resource from others: states and modes are shorter.
const shortestTold = 8

// note takes a replacement down.
func (c chain) note(m apitype.StepEventMetadata, s Step) {
	if m.Op != apitype.OpReplace || m.Old == nil {
		return
	}
	l := &link{told: map[string]bool{}, held: map[string]bool{}}
	gather(l.told, m.Old.Outputs)
	asked := map[string]bool{}
	gather(asked, m.Old.Inputs)
	for v := range asked {
		delete(l.told, v)
	}
	for v := range l.told {
		if len(v) < shortestTold {
			delete(l.told, v)
		}
	}
	if m.Old.ID != "" {
		l.told[m.Old.ID] = true
	}
	l.told[m.URN] = true // for what a provider reads
	forced := slices.DeleteFunc(slices.Clone(s.Properties), func(p PropertyChange) bool { return !p.Replaces })
	l.own = slices.ContainsFunc(forced, func(p PropertyChange) bool { return p.New != unknownValue })
	switch {
	case l.own:
	case len(forced) == 0:
		gather(l.held, m.Old.Inputs)
		if urn, _, ok := cutLast(m.Old.Provider, "::"); ok {
			l.held[urn] = true
		}
	default:
		for _, p := range forced {
			top := strings.FieldsFunc(p.Path, func(r rune) bool { return r == '.' || r == '[' })
			if len(top) > 0 {
				gather(l.held, m.Old.Inputs[top[0]])
			}
		}
	}
	c[m.URN] = l
}

// seal puts what the replacements follow from into the steps.
func (c chain) seal(steps []Step) {
	for i, s := range steps {
		l := c[s.URN]
		if l == nil || l.own {
			continue
		}
		// The engine takes a resource up after what it depends on.
		for _, before := range steps[:i] {
			if from := c[before.URN]; from != nil && from.tells(l) {
				steps[i].FollowsFrom = before.URN
				break
			}
		}
	}
	clear(c)
}

// tells reports whether a replacement holds a value that this one has told it.
func (l *link) tells(follower *link) bool {
	for v := range follower.held {
		if l.told[v] {
			return true
		}
	}
	return false
}

// gather collects the texts in a value, but not those of tags and labels, which say nothing of what depends on what.
func gather(into map[string]bool, v any) {
	switch v := v.(type) {
	case string:
		if v != "" {
			into[v] = true
		}
	case []any:
		for _, member := range v {
			gather(into, member)
		}
	case map[string]any:
		if special(v) {
			return
		}
		for k, member := range v {
			if k != "tags" && k != "tagsAll" && k != "labels" && !strings.HasPrefix(k, "__") {
				gather(into, member)
			}
		}
	}
}

// cutLast cuts a text around the last separator.
func cutLast(text, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(text, separator); i >= 0 {
		return text[:i], text[i+len(separator):], true
	}
	return text, "", false
}
