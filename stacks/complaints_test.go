package stacks_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/estatetest"
	"github.com/eks-platform/eks-platform/stacks"
)

// fault is one way to break a value.
type fault struct {
	what  string
	path  string // of the complaint
	value any
}

// absent is the value of a key that is taken out.
type absent struct{}

// faults returns every way in which the schema lets a value be wrong.
func faults(schema map[string]any, value any, path string) []fault {
	var out []fault
	add := func(what, at string, v any) { out = append(out, fault{what, at, v}) }
	number := func(key string) (float64, bool) {
		n, ok := schema[key].(float64)
		return n, ok
	}
	add("nothing", path, nil)
	switch schema["type"] {
	case "string":
		add("number", path, 5.0)
		add("list", path, []any{})
	case "integer":
		add("text", path, "a text")
		add("fraction", path, 1.5)
		add("huge", path, json.Number("99999999999999999999"))
	case "boolean":
		add("text", path, "yes")
	case "array":
		add("text", path, "a text")
		add("object", path, map[string]any{})
	case "object":
		add("text", path, "a text")
		add("list", path, []any{})
	}
	if schema["enum"] != nil {
		if schema["type"] == "integer" {
			add("none of the list", path, 77.0)
		} else {
			add("none of the list", path, "none of the list")
		}
	}
	if schema["pattern"] != nil || schema["format"] != nil {
		add("form", path, "%% no %%(")
	}
	if n, ok := number("minimum"); ok {
		add("minimum", path, n-1)
	}
	if n, ok := number("maximum"); ok {
		add("maximum", path, n+1)
	}
	if n, ok := number("maxLength"); ok {
		add("length", path, strings.Repeat("a", int(n)+1))
	}
	if list, ok := value.([]any); ok && len(list) > 0 {
		if n, ok := number("minItems"); ok {
			add("too few", path, list[:int(n)-1])
		}
		n, limited := number("maxItems")
		if limited {
			long := slices.Clone(list)
			for len(long) <= int(n) {
				long = append(long, list[0])
			}
			add("too many", path, long)
		}
		if schema["uniqueItems"] == true && (!limited || len(list) < int(n)) {
			add("twice", fmt.Sprintf("%s[%d]", path, len(list)), append(slices.Clone(list), list[0]))
		}
	}
	object, ok := value.(map[string]any)
	props, _ := schema["properties"].(map[string]any)
	if ok && props != nil {
		add("unknown key", path+".qqqqqqqqqqqq", with(object, "qqqqqqqqqqqq", 1.0))
		required, _ := schema["required"].([]any)
		for _, key := range required {
			add("without "+key.(string), path+"."+key.(string), with(object, key.(string), absent{}))
		}
	}
	return out
}

func with(object map[string]any, key string, value any) map[string]any {
	out := maps.Clone(object)
	if _, gone := value.(absent); gone {
		delete(out, key)
	} else {
		out[key] = value
	}
	return out
}

// visit calls back for every value below a value, with a function that returns the whole with another value there.
func visit(schema map[string]any, value any, path string, put func(any) any, do func(schema map[string]any, value any, path string, put func(any) any)) {
	do(schema, value, path, put)
	switch v := value.(type) {
	case map[string]any:
		props, _ := schema["properties"].(map[string]any)
		extra, _ := schema["additionalProperties"].(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(v)) {
			next, ok := props[key].(map[string]any)
			if !ok {
				next = extra
			}
			at := key
			if path != "" {
				at = path + "." + key
			}
			visit(next, v[key], at, func(x any) any { return put(with(v, key, x)) }, do)
		}
	case []any:
		items, _ := schema["items"].(map[string]any)
		for i := range v {
			if _, single := v[i].(string); single && i > 0 {
				break // one of them stands for all
			}
			visit(items, v[i], fmt.Sprintf("%s[%d]", path, i), func(x any) any {
				list := slices.Clone(v)
				list[i] = x
				return put(list)
			}, do)
		}
	}
}

// An estate in which one value is broken, in every way in which the schema lets it be wrong, gets one complaint, and at
// that value: no second one, and none that follows.
func TestOneBrokenValueGetsOneComplaint(t *testing.T) {
	t.Parallel()
	schema, err := stacks.Tree()
	require.NoError(t, err)
	values, all := map[string]map[string]any{}, map[string]stacks.Values{}
	for name, file := range map[string]string{
		"dev": filepath.Join(estatetest.Dir(), "Pulumi.dev.yaml"), "stg": filepath.Join(estatetest.Dir(), "Pulumi.stg.yaml"),
		"prod": filepath.Join("testdata", "everything.yaml"),
	} {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		whole, problems, err := stacks.Parse(name, raw)
		require.NoError(t, err)
		require.Empty(t, problems)
		values[name] = whole
		all[name], err = stacks.CheckAlone(whole)
		require.NoError(t, err)
	}
	require.NoError(t, stacks.CheckTogether(all).Err())
	for name, whole := range values {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tried := oneComplaint(t, schema, all, name, whole)
			t.Logf("%d faults tried", tried)
			if !testing.Short() {
				assert.Greater(t, tried, 200)
			}
		})
	}
}

func oneComplaint(t *testing.T, schema map[string]any, all map[string]stacks.Values, name string, whole map[string]any) int {
	t.Helper()
	tried := 0
	for key := range whole {
		at := schema["properties"].(map[string]any)[key].(map[string]any)
		put := func(x any) any { return with(whole, key, x) }
		visit(at, whole[key], key, put, func(schema map[string]any, value any, path string, put func(any) any) {
			for i, f := range faults(schema, value, path) {
				if testing.Short() && i%5 != len(path)%5 { // a sample of them
					continue
				}
				tried++
				broken, err := stacks.CheckAlone(put(f.value).(map[string]any))
				if !assert.NoError(t, err, "%s: %s of %s", name, f.what, path) {
					continue
				}
				set := maps.Clone(all)
				set[name] = broken
				problems := stacks.CheckTogether(set)
				if len(problems) != 1 || problems[0].Path != f.path || problems[0].File != name {
					assert.Fail(t, "not one complaint at the broken value", "%s: %s of %s:\n%v", name, f.what, path, problems.Err())
				}
			}
		})
	}
	return tried
}
