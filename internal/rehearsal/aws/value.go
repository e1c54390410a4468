package aws

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/eks-platform/eks-platform/internal/spelling"
)

// defaultsKey is where Check notes which inputs it filled in itself, as every bridged provider does. Names that
// begin with two underscores are kept in the state and shown nowhere.
const defaultsKey = "__defaults"

// tagsAllKey is the property that shows a resource's own tags together with the provider's default tags.
const tagsAllKey = "tagsAll"

var wireOptions = plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, KeepResources: true}

func fromWire(s *structpb.Struct) (resource.PropertyMap, error) {
	m, err := plugin.UnmarshalProperties(s, wireOptions)
	if m == nil && err == nil {
		m = resource.PropertyMap{}
	}
	return m, err
}

func bothFromWire(a, b *structpb.Struct) (resource.PropertyMap, resource.PropertyMap, error) {
	first, err := fromWire(a)
	if err != nil {
		return nil, nil, err
	}
	second, err := fromWire(b)
	return first, second, err
}

func toWire(m resource.PropertyMap) (*structpb.Struct, error) {
	return plugin.MarshalProperties(m, wireOptions)
}

var unknownValue = resource.MakeComputed(resource.NewStringProperty(""))

// bare takes secrets and outputs off a value, at its top.
func bare(v resource.PropertyValue) resource.PropertyValue {
	for {
		switch {
		case v.IsSecret():
			v = v.SecretValue().Element
		case v.IsOutput():
			if !v.OutputValue().Known {
				return unknownValue
			}
			v = v.OutputValue().Element
		case v.IsResourceReference():
			v = v.ResourceReferenceValue().ID
		default:
			return v
		}
	}
}

func internal(k resource.PropertyKey) bool { return strings.HasPrefix(string(k), "__") }

// empty reports whether a value is what the provider reads as not given: null, and the zero value of every type. A
// block or a map with a member is given, whatever the member's value.
func empty(v resource.PropertyValue) bool {
	v = bare(v)
	switch {
	case v.IsNull():
		return true
	case v.IsBool():
		return !v.BoolValue()
	case v.IsNumber():
		return v.NumberValue() == 0
	case v.IsString():
		return v.StringValue() == ""
	case v.IsArray():
		return len(v.ArrayValue()) == 0
	case v.IsObject():
		for k, x := range v.ObjectValue() {
			if !internal(k) && !bare(x).IsNull() {
				return false
			}
		}
		return true
	}
	return false
}

// toAttribute turns a known property value into what the store holds.
func toAttribute(v resource.PropertyValue) any {
	v = bare(v)
	switch {
	case v.IsBool():
		return v.BoolValue()
	case v.IsNumber():
		return v.NumberValue()
	case v.IsString():
		return v.StringValue()
	case v.IsArray():
		out := make([]any, len(v.ArrayValue()))
		for i, x := range v.ArrayValue() {
			out[i] = toAttribute(x)
		}
		return out
	case v.IsObject():
		out := map[string]any{}
		for k, x := range v.ObjectValue() {
			if internal(k) {
				continue
			}
			if a := toAttribute(x); a != nil {
				out[string(k)] = a
			}
		}
		return out
	case v.IsAsset():
		return "asset:" + v.AssetValue().Hash
	case v.IsArchive():
		return "archive:" + v.ArchiveValue().Hash
	}
	return nil
}

// fromAttribute turns a stored value into a property, as far as the facts know it.
func fromAttribute(p *prop, v any) resource.PropertyValue {
	switch v := v.(type) {
	case map[string]any:
		m := resource.PropertyMap{}
		for k, x := range v {
			sub := &prop{}
			switch {
			case p.Props != nil:
				if sub = p.Props[k]; sub == nil {
					continue
				}
			case p.Type == "map":
				sub = p.Element()
			}
			if y := fromAttribute(sub, x); !y.IsNull() {
				if sub.Secret {
					y = resource.MakeSecret(y)
				}
				m[resource.PropertyKey(k)] = y
			}
		}
		return resource.NewObjectProperty(m)
	case []any:
		e := p.Element()
		out := make([]resource.PropertyValue, len(v))
		for i, x := range v {
			out[i] = fromAttribute(e, x)
		}
		return resource.NewArrayProperty(out)
	}
	return resource.NewPropertyValue(v)
}

// jsonText writes a known value as a JSON document.
func jsonText(v resource.PropertyValue) (string, error) {
	b, err := json.Marshal(toAttribute(v))
	return string(b), err
}

// joinPath appends a property's name, or a dotted path of them, to a path.
func joinPath(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// mapKeyPath appends a map's key to a path; keys with dots or slashes need quotes.
func mapKeyPath(path, key string) string {
	if key == "" || strings.ContainsFunc(key, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		return path + "[" + strconv.Quote(key) + "]"
	}
	return path + "." + key
}

// nearest proposes the closest of some names: `; did you mean "x"?`, or nothing when none is close.
func nearest(name string, names []string) string {
	for _, n := range names {
		if len(name) > 3 && strings.HasPrefix(strings.ToLower(n), strings.ToLower(name)) {
			return fmt.Sprintf("; did you mean %q?", n)
		}
	}
	best := spelling.Nearest(name, names)
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func sortedKeys(m resource.PropertyMap) []resource.PropertyKey {
	ks := slices.Collect(maps.Keys(m))
	sort.Slice(ks, func(i, j int) bool { return ks[i] < ks[j] })
	return ks
}
