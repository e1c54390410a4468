package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// ChangeKind says what becomes of a property.
type ChangeKind string

// The kinds of property changes.
const (
	PropertyAdded   ChangeKind = "add"
	PropertyDeleted ChangeKind = "delete"
	PropertyUpdated ChangeKind = "update"
)

// PropertyChange is one property that changes, with its values as text that is safe to show: on one line, shortened, and
// never a secret (see Secret and Mask).
type PropertyChange struct {
	// Path is the property's path, in Pulumi's notation. For a member of a JSON document, such as a policy, its path
	// follows that of the document.
	Path string `json:"path"`
	// Kind is whether the property is added, deleted or updated.
	Kind ChangeKind `json:"kind"`
	// Replaces reports whether this change forces the replacement of the resource.
	Replaces bool `json:"replaces,omitempty"`
	// Old and New are the values; empty if there is none.
	Old string `json:"old,omitempty"`
	New string `json:"new,omitempty"`
}

// identifying are the inputs, in this order, of which the first few identify a new resource.
var identifying = []string{
	"metadata.namespace", "metadata.name", "name", "namePrefix", "clusterName", "nodeGroupName", "addonName", "addonVersion",
	"version", "cidrBlock", "availabilityZone", "availabilityZoneId", "instanceTypes", "capacityType", "serviceName", "chart",
	"principalArn", "policyArn", "namespace", "serviceAccount", "role", "bucket", "destinationCidrBlock", "description",
}

// fewest is how many of them are shown.
const fewest = 3

// properties returns what a step does to the properties of its resource. With refresh, it compares what the provider found
// with the state.
func properties(m apitype.StepEventMetadata, refresh bool) []PropertyChange {
	if m.Old == nil && m.New == nil {
		return nil
	}
	d := newDiffer(m, refresh)
	switch {
	case m.Old == nil:
		return d.identify()
	case m.New == nil:
		return nil
	}
	for path, diff := range m.DetailedDiff {
		d.detailed(path, diff)
	}
	switch {
	case len(m.DetailedDiff) > 0:
	case len(m.Diffs) > 0:
		for _, key := range m.Diffs {
			d.key(key)
		}
	case m.Op == apitype.OpUpdate: // for components, the engine says no more
		d.members(nil, m.Old.Inputs, m.New.Inputs, false)
	}
	slices.SortStableFunc(d.out, func(a, b PropertyChange) int { return strings.Compare(a.Path, b.Path) })
	return d.out
}

// differ finds the values of changed properties.
type differ struct {
	refresh                                      bool
	oldInputs, oldOutputs, newInputs, newOutputs map[string]any
	formatter                                    formatter
	hidden                                       []resource.PropertyPath
	forcing                                      map[string]bool // top-level keys that force the replacement
	out                                          []PropertyChange
}

func newDiffer(m apitype.StepEventMetadata, refresh bool) *differ {
	d := &differ{refresh: refresh, forcing: map[string]bool{}, formatter: formatter{typ: m.Type, secrets: map[string]bool{}}}
	for _, state := range []*apitype.StepEventStateMetadata{m.Old, m.New} {
		if state == nil {
			continue
		}
		// What is a secret on one side is a secret on the other side as well: providers lose the mark.
		noteSecrets(d.formatter.secrets, nil, state.Inputs)
		noteSecrets(d.formatter.secrets, nil, state.Outputs)
		d.hidden = state.HideDiffs
	}
	if m.Old != nil {
		d.oldInputs, d.oldOutputs = m.Old.Inputs, m.Old.Outputs
	}
	if m.New != nil {
		d.newInputs, d.newOutputs = m.New.Inputs, m.New.Outputs
	}
	for _, key := range m.Keys {
		d.forcing[key] = true
	}
	return d
}

// identify shows the few inputs that identify a new resource.
func (d *differ) identify() []PropertyChange {
	for _, name := range identifying {
		path := resource.PropertyPath{}
		for part := range strings.SplitSeq(name, ".") {
			path = append(path, part)
		}
		v, ok := lookup(d.newInputs, path)
		if !ok || len(d.out) == fewest || d.isHidden(path) {
			continue
		}
		if _, many := v.(map[string]any); !many && v != nil && v != "" {
			d.out = append(d.out, PropertyChange{Path: name, Kind: PropertyAdded, New: d.formatter.show(path, v)})
		}
	}
	return d.out
}

// detailed reports one entry of the provider's detailed diff. As in the CLI, the old value comes from the outputs unless
// the provider compared inputs; a refresh compares outputs on both sides.
func (d *differ) detailed(text string, diff apitype.PropertyDiff) {
	path, err := resource.ParsePropertyPath(text)
	if err != nil {
		path = resource.PropertyPath{text}
	}
	kind, replaces := splitKind(diff.Kind)
	list := d.listOf(path)
	if list != nil {
		path, kind = list, PropertyUpdated
		if d.seen(path, replaces) {
			return
		}
	}
	before, after := []map[string]any{d.oldOutputs, d.oldInputs}, []map[string]any{d.newInputs, d.newOutputs}
	if d.refresh {
		after = []map[string]any{d.newOutputs, d.newInputs}
	}
	if diff.InputDiff {
		slices.Reverse(before)
		if d.refresh {
			slices.Reverse(after)
		}
	}
	old, hadOld := first(before, path)
	now, hasNew := first(after, path)
	if structured(old) && structured(now) && !d.refresh {
		// Outputs contain members that the program did not set.
		if asked, ok := lookup(d.oldInputs, path); ok {
			old = asked
		}
	}
	hadOld = hadOld && kind != PropertyAdded
	hasNew = hasNew && kind != PropertyDeleted
	d.compare(path, old, now, hadOld, hasNew, kind, replaces)
}

// whole is how many elements a list of plain values has at most that is shown as one value: people compare such lists, and
// an index tells them nothing.
const whole = 8

// shortList reports whether a list is one of few plain values.
func shortList(list []any) bool {
	return len(list) <= whole && !slices.ContainsFunc(list, func(v any) bool {
		switch v.(type) {
		case map[string]any, []any:
			return true
		}
		return false
	})
}

// listOf returns the path of the list of few plain values whose element a path leads to, or nil.
func (d *differ) listOf(path resource.PropertyPath) resource.PropertyPath {
	if len(path) < 2 {
		return nil
	}
	if _, element := path[len(path)-1].(int); !element {
		return nil
	}
	path = path[:len(path)-1]
	found := 0
	for _, tree := range []map[string]any{d.oldInputs, d.oldOutputs, d.newInputs, d.newOutputs} {
		v, ok := lookup(tree, path)
		list, is := v.([]any)
		if ok && (!is || !shortList(list)) {
			return nil
		}
		if ok {
			found++
		}
	}
	if found < 2 {
		return nil
	}
	return path
}

// seen reports whether a property has been reported already, and notes that it forces the replacement, too.
func (d *differ) seen(path resource.PropertyPath, replaces bool) bool {
	for i := range d.out {
		if d.out[i].Path == path.String() {
			d.out[i].Replaces = d.out[i].Replaces || replaces
			return true
		}
	}
	return false
}

// key compares a property that the provider only listed as different.
func (d *differ) key(key string) {
	path := resource.PropertyPath{key}
	before, after := d.oldInputs, d.newInputs
	if d.refresh {
		before, after = d.oldOutputs, d.newOutputs
	}
	old, hadOld := lookup(before, path)
	now, hasNew := lookup(after, path)
	kind := PropertyUpdated
	switch {
	case !hadOld && hasNew:
		kind = PropertyAdded
	case hadOld && !hasNew:
		kind = PropertyDeleted
	}
	d.compare(path, old, now, hadOld, hasNew, kind, d.forcing[key])
}

// compare reports a difference, by member where both sides have members.
func (d *differ) compare(path resource.PropertyPath, old, now any, hadOld, hasNew bool, kind ChangeKind, replaces bool) {
	change := PropertyChange{Path: path.String(), Kind: kind, Replaces: replaces}
	if d.isHidden(path) {
		if hadOld {
			change.Old = hiddenValue
		}
		if hasNew {
			change.New = hiddenValue
		}
		d.out = append(d.out, change)
		return
	}
	if hadOld && hasNew && kind == PropertyUpdated && !d.formatter.isSecret(path) && !d.formatter.sensitive(path) {
		if a, b, ok := documents(old, now); ok {
			old, now = a, b
		}
		before := len(d.out)
		if d.members(path, old, now, replaces) && len(d.out) > before {
			return
		}
	}
	switch {
	case hadOld && hasNew:
		change.Old, change.New = d.formatter.contrast(path, old, now)
	case hadOld:
		change.Old = d.formatter.show(path, old)
	case hasNew:
		change.New = d.formatter.show(path, now)
	}
	if hadOld && hasNew && change.Old == change.New && change.Old != secretValue && change.Old != unknownValue {
		// The difference is in the part that was left out, or in how the provider interprets the value.
		change.Old, change.New = d.formatter.fingerprinted(old, change.Old), d.formatter.fingerprinted(now, change.New)
	}
	d.out = append(d.out, change)
}

// members compares two objects or two lists, and reports whether they are such.
func (d *differ) members(path resource.PropertyPath, old, now any, replaces bool) bool {
	step := func(key any, a, b any, hadOld, hasNew bool) {
		kind := PropertyUpdated
		switch {
		case !hadOld:
			kind = PropertyAdded
		case !hasNew:
			kind = PropertyDeleted
		case canonical(a) == canonical(b):
			return
		}
		d.compare(append(slices.Clone(path), key), a, b, hadOld, hasNew, kind, replaces)
	}
	switch a := old.(type) {
	case map[string]any:
		b, ok := now.(map[string]any)
		if !ok || special(a) || special(b) {
			return false
		}
		keys := map[string]bool{}
		for k := range a {
			keys[k] = true
		}
		for k := range b {
			keys[k] = true
		}
		for _, k := range slices.Sorted(maps.Keys(keys)) {
			if strings.HasPrefix(k, "__") {
				continue
			}
			x, hadOld := a[k]
			y, hasNew := b[k]
			step(k, x, y, hadOld, hasNew)
		}
		return true
	case []any:
		b, ok := now.([]any)
		if !ok || shortList(a) && shortList(b) {
			return false
		}
		for i := range max(len(a), len(b)) {
			var x, y any
			if i < len(a) {
				x = a[i]
			}
			if i < len(b) {
				y = b[i]
			}
			step(i, x, y, i < len(a), i < len(b))
		}
		return true
	}
	return false
}

func (d *differ) isHidden(path resource.PropertyPath) bool {
	return slices.ContainsFunc(d.hidden, func(h resource.PropertyPath) bool { return h.Contains(path) })
}

// splitKind splits the engine's kind into what changes and whether that forces a replacement.
func splitKind(k apitype.DiffKind) (ChangeKind, bool) {
	kind, replaces := strings.CutSuffix(string(k), "-replace")
	switch kind {
	case "add":
		return PropertyAdded, replaces
	case "delete":
		return PropertyDeleted, replaces
	}
	return PropertyUpdated, replaces
}

// first finds a value in the first of several trees that has it.
func first(trees []map[string]any, path resource.PropertyPath) (any, bool) {
	for _, tree := range trees {
		if v, ok := lookup(tree, path); ok {
			return v, true
		}
	}
	return nil, false
}

// lookup finds a value. Below a secret, an unknown value or an asset it returns that.
func lookup(tree map[string]any, path resource.PropertyPath) (any, bool) {
	var v any = tree
	for _, key := range path {
		switch at := v.(type) {
		case map[string]any:
			if special(at) {
				return at, true
			}
			name, ok := key.(string)
			if !ok {
				return nil, false
			}
			if v, ok = at[name]; !ok {
				return nil, false
			}
		case []any:
			i, ok := key.(int)
			if !ok || i < 0 || i >= len(at) {
				return nil, false
			}
			v = at[i]
		case string:
			if unknown[at] {
				return at, true
			}
			return nil, false
		default:
			return nil, false
		}
	}
	return v, true
}

func structured(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return !special(v)
	case []any:
		return true
	}
	return false
}
