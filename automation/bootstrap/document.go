package bootstrap

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sort"

	"github.com/eks-platform/eks-platform/internal/iamdoc"
)

// difference is how a policy document differs from the desired one.
type difference struct {
	// ours are the statements that are missing or different, by their Sids.
	ours []string
	// others are statements that are not ours.
	others []string
	// merged is the document with our statements as desired, and the others unchanged.
	merged string
}

// compare compares a document with the desired one, statement by statement. AWS stores some lists of one as single values,
// and lists in another order; neither counts as a difference.
func compare(current string, want iamdoc.Document) (difference, error) {
	wanted, err := statements(want.JSON())
	if err != nil {
		return difference{}, err
	}
	var have []map[string]any
	if current != "" {
		if have, err = statements(current); err != nil {
			return difference{}, err
		}
	}
	var d difference
	for _, w := range wanted {
		sid, _ := w["Sid"].(string)
		same := func(h map[string]any) bool { return reflect.DeepEqual(canonical(h), canonical(w)) }
		if !slices.ContainsFunc(have, same) {
			d.ours = append(d.ours, sid)
		}
	}
	merged := slices.Clone(wanted)
	for _, h := range have {
		sid, named := h["Sid"].(string)
		if i := slices.IndexFunc(wanted, func(w map[string]any) bool { return w["Sid"] == h["Sid"] }); i >= 0 {
			if !reflect.DeepEqual(canonical(h), canonical(wanted[i])) && !slices.Contains(d.ours, sid) {
				d.ours = append(d.ours, sid) // another one with the same Sid
			}
			continue
		}
		if !named {
			sid = "without a Sid"
		}
		d.others = append(d.others, sid)
		merged = append(merged, h)
	}
	raw, err := json.Marshal(map[string]any{"Version": iamdoc.Version, "Statement": merged})
	if err != nil {
		return difference{}, fmt.Errorf("write a policy document: %w", err)
	}
	d.merged = string(raw)
	return d, nil
}

// statements reads the statements of a document.
func statements(text string) ([]map[string]any, error) {
	var doc struct{ Statement json.RawMessage }
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return nil, fmt.Errorf("read a policy document: %w", err)
	}
	var many []map[string]any
	if err := json.Unmarshal(doc.Statement, &many); err == nil {
		return many, nil
	}
	var one map[string]any
	if err := json.Unmarshal(doc.Statement, &one); err != nil {
		return nil, fmt.Errorf("read the statements of a policy document: %w", err)
	}
	return []map[string]any{one}, nil
}

// canonical turns single values into lists and sorts lists, at every depth of a statement.
func canonical(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			out[key] = canonical(value)
		}
		return out
	case []any:
		out := make([]string, 0, len(v))
		for _, e := range v {
			out = append(out, fmt.Sprint(e))
		}
		sort.Strings(out)
		return out
	default:
		return []string{fmt.Sprint(v)}
	}
}
