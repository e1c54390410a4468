package ptest

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// UpdateGoldenEnv is the environment variable that makes Golden rewrite its file instead of comparing.
const UpdateGoldenEnv = "UPDATE_GOLDEN"

const goldenHeader = `# URNs and options of every resource that the program registers. Each URN is the identity of live infrastructure:
# a line that disappears or changes here is a resource that the next update deletes, unless it is given an alias.
# Rewrite with UPDATE_GOLDEN=1 go test, and read the diff before it is committed.
`

// goldenOptions are the options whose change would affect live infrastructure although the URN stays.
type goldenOptions struct {
	Protect        bool     `yaml:"protect,omitempty"`
	RetainOnDelete bool     `yaml:"retainOnDelete,omitempty"`
	DeletedWith    string   `yaml:"deletedWith,omitempty"`
	IgnoreChanges  []string `yaml:"ignoreChanges,omitempty,flow"`
}

func (o goldenOptions) String() string {
	var parts []string
	if o.Protect {
		parts = append(parts, "protect")
	}
	if o.RetainOnDelete {
		parts = append(parts, "retainOnDelete")
	}
	if o.DeletedWith != "" {
		parts = append(parts, "deletedWith "+o.DeletedWith)
	}
	if len(o.IgnoreChanges) > 0 {
		parts = append(parts, "ignoreChanges "+strings.Join(o.IgnoreChanges, ","))
	}
	if len(parts) == 0 {
		return "no options"
	}
	return strings.Join(parts, ", ")
}

// Golden compares the URNs and options of registrations with a YAML file. UPDATE_GOLDEN=1 writes the file instead.
func Golden(t testing.TB, regs Registrations, path string) {
	t.Helper()
	if len(regs) == 0 {
		t.Fatalf("%s: nothing was registered; there is nothing to compare", path)
	}
	got := map[string]goldenOptions{}
	for _, r := range regs {
		if r.Read {
			continue // reads delete nothing
		}
		ignore := slices.Sorted(slices.Values(r.IgnoreChanges))
		got[r.URN] = goldenOptions{
			Protect: r.Protect, RetainOnDelete: r.RetainOnDelete, DeletedWith: r.DeletedWith, IgnoreChanges: ignore,
		}
	}
	if os.Getenv(UpdateGoldenEnv) == "1" {
		if err := writeGolden(path, got); err != nil {
			t.Fatal(err)
		}
		return
	}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%s does not exist; write it with %s=1 go test", path, UpdateGoldenEnv)
	}
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]goldenOptions{}
	if err := yaml.Unmarshal(raw, &want); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if diff := goldenDiff(want, got); diff != "" {
		t.Errorf("%s:\n%s\nIf every line is meant, rewrite the file with %s=1 go test.", path, diff, UpdateGoldenEnv)
	}
}

func writeGolden(path string, entries map[string]goldenOptions) error {
	raw, err := yaml.Marshal(entries) // map keys are sorted
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, append([]byte(goldenHeader), raw...), 0o600)
}

// goldenDiff describes what differs, one line each; empty when nothing does.
func goldenDiff(want, got map[string]goldenOptions) string {
	var lines []string
	for _, urn := range slices.Sorted(maps.Keys(want)) {
		if _, ok := got[urn]; !ok {
			lines = append(lines, fmt.Sprintf("REMOVED %s\n        (= deletes live infrastructure; a rename or move needs an alias)", urn))
		}
	}
	for _, urn := range slices.Sorted(maps.Keys(got)) {
		old, ok := want[urn]
		switch {
		case !ok:
			lines = append(lines, fmt.Sprintf("ADDED   %s (%s)", urn, got[urn]))
		case !sameOptions(old, got[urn]):
			lines = append(lines, fmt.Sprintf("CHANGED OPTIONS %s\n        was %s, is %s", urn, old, got[urn]))
		}
	}
	return strings.Join(lines, "\n")
}

func sameOptions(a, b goldenOptions) bool {
	if len(a.IgnoreChanges) == 0 && len(b.IgnoreChanges) == 0 {
		a.IgnoreChanges, b.IgnoreChanges = nil, nil
	}
	return reflect.DeepEqual(a, b)
}
