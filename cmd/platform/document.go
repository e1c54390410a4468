package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// documentVersion is the version of the documents that --json prints. It grows when a member changes its meaning or goes.
const documentVersion = 1

// document writes a value as --json prints it. Every document has its version, and every document and list member that is
// about an environment names it as "environment", whatever its type in the library calls it.
func document(v any) ([]byte, error) {
	var raw bytes.Buffer
	e := json.NewEncoder(&raw)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	root, err := members(raw.Bytes())
	if err != nil {
		return nil, fmt.Errorf("a document must be an object: %w", err)
	}
	root = named(root)
	for i, m := range root {
		if m.key != "environments" && m.key != "deployments" {
			continue
		}
		var list []json.RawMessage
		if json.Unmarshal(m.value, &list) != nil {
			continue
		}
		for j, one := range list {
			if of, err := members(one); err == nil {
				list[j] = object(named(of))
			}
		}
		if root[i].value, err = json.Marshal(list); err != nil {
			return nil, err
		}
	}
	if !has(root, "version") {
		root = slices.Insert(root, 0, member{"version", json.RawMessage(fmt.Sprint(documentVersion))})
	}
	var out bytes.Buffer
	if err := json.Indent(&out, object(root), "", "  "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// member is one of a JSON object's.
type member struct {
	key   string
	value json.RawMessage
}

// members returns those of an object, in their order.
func members(raw []byte) ([]member, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	begin, err := d.Token()
	if err != nil {
		return nil, err
	}
	if begin != json.Delim('{') {
		return nil, fmt.Errorf("it begins with %v", begin)
	}
	var out []member
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		m := member{key: key.(string)} // a key of an object is a string
		if err := d.Decode(&m.value); err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// object is the reverse of members.
func object(all []member) json.RawMessage {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, m := range all {
		if i > 0 {
			out.WriteByte(',')
		}
		fmt.Fprintf(&out, "%q:%s", m.key, m.value)
	}
	out.WriteByte('}')
	return out.Bytes()
}

func has(all []member, key string) bool {
	return slices.ContainsFunc(all, func(m member) bool { return m.key == key })
}

// named adds the environment that an object is about, where it says so under another name.
func named(all []member) []member {
	if has(all, "environment") {
		return all
	}
	for _, key := range []string{"stack", "name"} {
		i := slices.IndexFunc(all, func(m member) bool { return m.key == key && len(m.value) > 0 && m.value[0] == '"' })
		if i >= 0 {
			return slices.Insert(all, 0, member{"environment", all[i].value})
		}
	}
	return all
}
