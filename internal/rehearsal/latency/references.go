package latency

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// awsID is the form of the ids that AWS makes up, as opposed to names, which anything may be called.
var awsID = regexp.MustCompile(`^[a-z]+(-[a-z]+)*-[0-9a-f]{8,17}$`)

// minComputed is the least length of a computed value that is taken for a trace of the resource that computed it.
const minComputed = 12

// namedBy are the inputs that name a resource of one type.
var namedBy = map[string]string{
	"clusterName": clusterType, "nodeGroupName": nodeGroupType, "role": roleType, "roleName": roleType,
}

// References returns the references between resources: an input of the one is, or holds in a JSON document, the id,
// the ARN or another value that AWS computed for the other. Where a value may be a coincidence (a tag, a label, a word
// that is also a name) it counts as none: a bound may be too low, but not too high.
func References(resources []Resource) []Need {
	owners := ownersOf(resources)
	names := map[string]map[string]string{}
	for _, r := range resources {
		if names[r.Type] == nil {
			names[r.Type] = map[string]string{}
		}
		names[r.Type][r.ID] = r.URN
	}
	var needs []Need
	for _, r := range resources {
		found := map[string]bool{}
		leaves("", r.Inputs, func(key, value string) {
			owner := owners[strings.TrimSuffix(strings.TrimSuffix(value, ":*"), "/*")]
			if owner == "" {
				owner = names[namedBy[key]][value]
			}
			if owner != "" && owner != r.URN && !found[owner] {
				found[owner] = true
				needs = append(needs, Need{URN: r.URN, AnyOf: []string{owner}})
			}
		})
	}
	slices.SortFunc(needs, func(a, b Need) int {
		return cmp.Or(cmp.Compare(a.URN, b.URN), cmp.Compare(a.AnyOf[0], b.AnyOf[0]))
	})
	return needs
}

// ownersOf returns the resource that each telling value comes from: its id or ARN, else the only one that computed it.
func ownersOf(resources []Resource) map[string]string {
	owners := map[string]string{}
	for _, r := range resources {
		if awsID.MatchString(r.ID) {
			owners[r.ID] = r.URN
		}
		if arn := r.text("arn"); arn != "" {
			owners[arn] = r.URN
		}
	}
	computed := map[string]string{}
	for _, r := range resources {
		given := map[string]bool{}
		leaves("", r.Inputs, func(_, value string) { given[value] = true })
		leaves("", r.Outputs, func(_, value string) {
			if given[value] || len(value) < minComputed || owners[value] != "" || strings.Trim(value, "0123456789") == "" {
				return
			}
			if other, twice := computed[value]; twice && other != r.URN {
				computed[value] = ""
				return
			}
			computed[value] = r.URN
		})
	}
	for value, urn := range computed {
		if urn != "" {
			owners[value] = urn
		}
	}
	return owners
}

// leaves calls f with every string of a value and the key it stands under, also inside JSON documents. Tags and labels
// are left out: they are words of the program's author.
func leaves(key string, v any, f func(key, value string)) {
	switch v := v.(type) {
	case string:
		f(key, v)
		var document any
		if (strings.HasPrefix(v, "{") || strings.HasPrefix(v, "[")) && json.Unmarshal([]byte(v), &document) == nil {
			leaves(key, document, f)
		}
	case []any:
		for _, e := range v {
			leaves(key, e, f)
		}
	case map[string]any:
		for k, e := range v {
			if k != "tags" && k != "tagsAll" && k != "labels" {
				leaves(k, e, f)
			}
		}
	}
}
