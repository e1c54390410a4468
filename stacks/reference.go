package stacks

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/internal/schema"
	"github.com/eks-platform/eks-platform/internal/service"
)

// Schema returns the JSON Schema of a stack file, for editors: it describes the whole Pulumi.<stack>.yaml, with the
// project's keys spelled as in the file.
func Schema() ([]byte, error) { return fileSchema(configSchema) }

func fileSchema(of []byte) ([]byte, error) {
	var config map[string]any
	if err := json.Unmarshal(of, &config); err != nil {
		return nil, fmt.Errorf("read the configuration's schema: %w", err)
	}
	props, _ := config["properties"].(map[string]any)
	qualified := map[string]any{}
	for key, value := range props {
		qualified[ProjectName+":"+key] = value
	}
	var required []string
	for _, key := range stringsOf(config["required"]) {
		required = append(required, ProjectName+":"+key)
	}
	text := func(description string) map[string]any {
		return map[string]any{"type": "string", "description": description}
	}
	file := map[string]any{
		"$schema":     "https://json-schema.org/draft/2020-12/schema",
		"title":       "Stack file of eks-platform",
		"description": "Everything that makes one environment different from another.",
		"type":        "object",
		"properties": map[string]any{
			"config": map[string]any{
				"type":              "object",
				"properties":        qualified,
				"required":          required,
				"patternProperties": map[string]any{"^pulumi:": map[string]any{}},
				// Keys of other namespaces have no effect: the program creates its own providers.
				"additionalProperties": false,
			},
			"secretsprovider": text("Written by pulumi: the provider that encrypts the stack's secrets."),
			"encryptedkey":    text("Written by pulumi: the stack's data key, encrypted."),
			"encryptionsalt":  text("Written by pulumi: the salt of the stack's passphrase."),
			"environment":     map[string]any{"description": "Pulumi ESC environments to import."},
		},
		"required":             []string{"config"},
		"additionalProperties": false,
	}
	return json.MarshalIndent(file, "", "  ")
}

// Reference returns the configuration reference in Markdown: every key with its type, default and meaning, from the
// schema and so from the Go types.
func Reference() (string, error) { return reference(configSchema, services) }

func reference(of []byte, registry service.Registry) (string, error) {
	var config map[string]any
	if err := json.Unmarshal(of, &config); err != nil {
		return "", fmt.Errorf("read the configuration's schema: %w", err)
	}
	var b strings.Builder
	b.WriteString("# Configuration reference\n\n" +
		"Generated from the Go types by `UPDATE_GOLDEN=1 go test ./stacks`; do not edit. A key `network.cidr` is written in " +
		"`Pulumi.<stack>.yaml` as `cidr` below `" + ProjectName + ":network`. **Bold** keys are required.\n")
	props, _ := config["properties"].(map[string]any)
	required := stringsOf(config["required"])
	for _, key := range slices.Sorted(maps.Keys(props)) {
		node, _ := props[key].(map[string]any)
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", key, description(node))
		if slices.Contains(required, key) {
			b.WriteString("\nRequired.\n")
		}
		b.WriteString(brings(registry, key))
		rows := table(node, "")
		if len(rows) == 0 {
			continue
		}
		b.WriteString("\n| key | type | default | meaning |\n| --- | --- | --- | --- |\n")
		for _, r := range rows {
			b.WriteString(r)
		}
	}
	return b.String(), nil
}

// serviceNote says who sets a service, and which chart it installs; "" for keys that are not a service's.
func brings(registry service.Registry, key string) string {
	i := slices.IndexFunc(registry, func(s *service.Service) bool { return s.Name == key && !s.AlwaysOn })
	if i < 0 {
		return ""
	}
	out := "\nEach environment sets its own."
	if registry[i].By == service.Owner {
		out = "\nOnly the stack that owns the cluster sets it."
	}
	if chart := registry[i].Chart; chart.Name != "" {
		out += fmt.Sprintf(" Installs the Helm chart `%s` from %s.", chart.Name, chart.Repository)
	}
	return out + "\n"
}

// table writes a row per key of an object, nested ones below their parents.
func table(node map[string]any, prefix string) []string {
	if items, ok := node["items"].(map[string]any); ok {
		if prefix == "" {
			prefix = "[]."
		} else {
			prefix = strings.TrimSuffix(prefix, ".") + "[]."
		}
		node = items
	}
	props, _ := node["properties"].(map[string]any)
	required := stringsOf(node["required"])
	var rows []string
	for _, key := range slices.Sorted(maps.Keys(props)) {
		p, _ := props[key].(map[string]any)
		name := "`" + prefix + key + "`"
		if slices.Contains(required, key) {
			name = "**" + name + "**"
		}
		rows = append(rows, fmt.Sprintf("| %s | %s | %s | %s |\n", name, typeOf(p), defaultOf(p), cell(description(p))))
		rows = append(rows, table(p, prefix+key+".")...)
	}
	return rows
}

func typeOf(p map[string]any) string {
	t, _ := p["type"].(string)
	if items, ok := p["items"].(map[string]any); ok {
		return "list of " + typeOf(items)
	}
	if values, ok := p["additionalProperties"].(map[string]any); ok && p["properties"] == nil {
		return "map of " + typeOf(values)
	}
	if enum, ok := p["enum"].([]any); ok {
		names := make([]string, 0, len(enum))
		for _, e := range enum {
			names = append(names, fmt.Sprintf("`%v`", e))
		}
		return strings.Join(names, ", ")
	}
	if t == "object" && p[schema.OptionalKey] != nil {
		return "object, optional"
	}
	return t
}

func defaultOf(p map[string]any) string {
	d, ok := p["default"]
	if !ok {
		return ""
	}
	if list, ok := d.([]any); ok {
		names := make([]string, 0, len(list))
		for _, e := range list {
			names = append(names, fmt.Sprint(e))
		}
		return "`" + strings.Join(names, ", ") + "`"
	}
	return fmt.Sprintf("`%v`", d)
}

func description(p map[string]any) string {
	text, _ := p["description"].(string)
	return text
}

func cell(text string) string { return strings.ReplaceAll(text, "|", "\\|") }

func stringsOf(list any) []string {
	items, _ := list.([]any)
	out := make([]string, 0, len(items))
	for _, i := range items {
		out = append(out, fmt.Sprint(i))
	}
	return out
}
