package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// written are the facts about a type that neither the provider's binary nor the SDK's source tells, by Terraform type.
type written struct {
	// Token is the Pulumi token where no rule derives it.
	Token string `json:"token"`
	// Names are the Pulumi names of members that no rule derives, by their Terraform names.
	Names map[string]string `json:"names"`
	// ID is the form of the id, required. Import is that of imports where it is another; null cannot be imported.
	ID     string          `json:"id"`
	Import json.RawMessage `json:"import"`
	// Autoname is how Pulumi names what the program does not: null not at all, absent by the rule for all types.
	Autoname json.RawMessage `json:"autoname"`
	// DeleteBeforeReplace: a replacement cannot exist beside what it replaces.
	DeleteBeforeReplace bool `json:"deleteBeforeReplace"`
	// Props are members of properties, by path, that stand over what was found out; null takes one away.
	Props map[string]facts `json:"props"`
	// Why says where this is from, where it is not obvious.
	Why string `json:"why"`
}

//go:embed written.json
var writtenJSON []byte

// readWritten reads written.json.
func readWritten() (map[string]*written, error) {
	var out map[string]*written
	d := json.NewDecoder(bytes.NewReader(writtenJSON))
	d.DisallowUnknownFields()
	if err := d.Decode(&out); err != nil {
		return nil, fmt.Errorf("written.json: %w", err)
	}
	for tf, w := range out {
		if w.ID == "" {
			return nil, fmt.Errorf("written.json: %s: id is missing", tf)
		}
	}
	return out, nil
}

// anyAutoname is how Pulumi names a resource with a name that the program may leave out.
var anyAutoname = json.RawMessage(`{"max": 255, "prop": "name", "rand": 7, "sep": "-"}`)

// into adds what is written of a type to its facts.
func (w *written) into(out facts, t *target) error {
	out["id"] = w.ID
	out["import"] = w.ID
	if w.Import != nil {
		out["import"] = w.Import
	}
	props := out["props"].(facts)
	autoname := w.Autoname
	if name, ok := props["name"].(facts); ok && autoname == nil && name["type"] == "string" && name["required"] == nil && name["io"] == nil {
		autoname = anyAutoname
	}
	if autoname != nil && string(autoname) != "null" {
		var a facts
		if err := json.Unmarshal(autoname, &a); err != nil {
			return err
		}
		out["autoname"] = a
	}
	out.set("deleteBeforeReplace", w.DeleteBeforeReplace)
	for _, path := range sorted(w.Props) {
		at := props
		names := strings.Split(path, ".")
		for _, name := range names[:len(names)-1] {
			inner, _ := at[name].(facts)
			at, _ = inner["props"].(facts)
		}
		p, ok := at[names[len(names)-1]].(facts)
		if !ok {
			return fmt.Errorf("written.json: %s has no property %s", t.tf, path)
		}
		for key, v := range w.Props[path] {
			if v == nil {
				delete(p, key)
			} else {
				p[key] = v
			}
		}
	}
	return nil
}

var errNotWritten = errors.New(`write down the form of its id in written.json first: {"id": "{name}"}, with {prop} for a property's value and abc-* for an id that AWS makes up; "import" where imports take another form, null where there are none`)

// hidden are the members of schemas that are no properties in Pulumi.
func hidden(s *schema, r *sdkResource) []string {
	var out []string
	if a := s.attributes["id"]; a == nil || !a.required {
		out = append(out, "id")
	}
	if r.property("timeouts") == nil {
		out = append(out, "timeouts")
	}
	return out
}

// newTarget pairs a type's schema with the SDK.
func newTarget(p *provider, s *sdk, tf string, r *sdkResource, w *written) (*target, error) {
	raw, ok := p.resources[tf]
	if !ok {
		return nil, errors.New("the provider has no such type")
	}
	parsed, err := parseSchema(raw)
	if err != nil {
		return nil, err
	}
	props := map[string]*sdkType{}
	for name, t := range r.out {
		props[name] = t
	}
	for name, t := range r.in {
		props[name] = t
	}
	t := &target{provider: p, tf: tf, schema: parsed}
	t.members = namer{types: s.types}.block(parsed.block, props, w.Names, hidden(parsed, r)...)
	for _, m := range t.members {
		// Pulumi merges them itself.
		m.output = m.output || m.tf == "tags_all"
	}
	count := 0
	settable(t.members, nil, func(path) { count++ })
	t.large = count > largeFrom
	return t, nil
}
