package cloud

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Clone returns a deep copy.
func (o *Object) Clone() *Object {
	c := *o
	c.Attributes = CloneAttributes(o.Attributes)
	return &c
}

// CloneAttributes returns a deep copy of attributes; nil stays nil.
func CloneAttributes(a Attributes) Attributes {
	if a == nil {
		return nil
	}
	out := make(Attributes, len(a))
	for k, v := range a {
		out[k] = cloneValue(v)
	}
	return out
}

func cloneValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return CloneAttributes(v)
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = cloneValue(x)
		}
		return out
	}
	return v
}

// normalize copies a value into what JSON would make of it, so that an object reads the same before and after it has
// been on disk. Typed slices and maps of strings and Go's integers are welcome; anything else is a mistake.
func normalize(v any, path string) (any, error) {
	switch v := v.(type) {
	case nil, string, bool, float64:
		return v, nil
	case int:
		return float64(v), nil
	case int32:
		return float64(v), nil
	case int64:
		return float64(v), nil
	case []string:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = x
		}
		return out, nil
	case map[string]string:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = x
		}
		return out, nil
	case []map[string]any:
		out := make([]any, len(v))
		for i, x := range v {
			n, err := normalize(x, path+"["+strconv.Itoa(i)+"]")
			if err != nil {
				return nil, err
			}
			out[i] = n
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			n, err := normalize(x, path+"["+strconv.Itoa(i)+"]")
			if err != nil {
				return nil, err
			}
			out[i] = n
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			n, err := normalize(x, path+"."+k)
			if err != nil {
				return nil, err
			}
			out[k] = n
		}
		return out, nil
	}
	return nil, fmt.Errorf("attribute %s: %T is not a JSON value", strings.TrimPrefix(path, "."), v)
}

// mentions calls f with every string in attributes that may name another object: leaves, and the leaves of JSON
// documents such as policies. Tags are left out: they are words of the program's author.
func mentions(a Attributes, f func(string)) {
	for k, v := range a {
		if k != "tags" && k != "tagsAll" {
			mentionsIn(v, f)
		}
	}
}

func mentionsIn(v any, f func(string)) {
	switch v := v.(type) {
	case string:
		if v == "" {
			return
		}
		f(v)
		if v[0] != '{' && v[0] != '[' {
			return
		}
		var document any
		if json.Unmarshal([]byte(v), &document) == nil {
			mentionsIn(document, f)
		}
	case []any:
		for _, x := range v {
			mentionsIn(x, f)
		}
	case map[string]any:
		for _, x := range v {
			mentionsIn(x, f)
		}
	}
}

// Referrers returns the objects that mention another one by its ID or its ARN (also inside a policy document, and
// an ARN with the ":*" or "/*" that policies append), without itself and without what it owns. AWS's own answers to
// deletions are stricter in some places and looser in others; see the rules of each type.
func Referrers(tx Tx, o *Object) []*Object {
	names := []string{o.ID}
	if arn, ok := o.Attributes["arn"].(string); ok && arn != "" && arn != o.ID {
		names = append(names, arn, arn+":*", arn+"/*")
	}
	self := o.Key()
	seen := map[string]bool{self: true}
	for _, owned := range tx.Owned(o) {
		seen[owned.Key()] = true
	}
	var out []*Object
	for _, name := range names {
		for _, r := range tx.Mentions(name) {
			if key := r.Key(); !seen[key] {
				seen[key] = true
				out = append(out, r)
			}
		}
	}
	return out
}
