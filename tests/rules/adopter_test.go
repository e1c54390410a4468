package rules_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/eks-platform/eks-platform/internal/estatetest"
)

// adopter is somebody with stack files of their own, who began with those that the project ships.
type adopter struct {
	t     *testing.T
	files map[string]string // by stack
}

// adopt begins with the frozen estate, which is what the root held when it was shipped. The root's own files may be
// anybody's by now, and edits would not fit.
func adopt(t *testing.T) *adopter {
	t.Helper()
	a := &adopter{t: t, files: map[string]string{}}
	for _, stack := range estatetest.Stacks {
		raw, err := os.ReadFile(filepath.Join(estatetest.Dir(), "Pulumi."+stack+".yaml"))
		require.NoError(t, err)
		a.files[stack] = string(raw)
	}
	return a
}

// write writes the files to a directory of the test's own.
func (a *adopter) write() string {
	a.t.Helper()
	dir := a.t.TempDir()
	project, err := os.ReadFile(filepath.Join(estatetest.Dir(), "Pulumi.yaml"))
	require.NoError(a.t, err)
	require.NoError(a.t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), project, 0o600))
	for stack, text := range a.files {
		require.NoError(a.t, os.WriteFile(filepath.Join(dir, "Pulumi."+stack+".yaml"), []byte(text), 0o600))
	}
	return dir
}

func (a *adopter) remove(stack string) {
	a.t.Helper()
	require.Contains(a.t, a.files, stack)
	delete(a.files, stack)
}

// replace replaces a text in a stack's file, which must be there once.
func (a *adopter) replace(stack, old, new string) {
	a.t.Helper()
	require.Equal(a.t, 1, strings.Count(a.files[stack], old), "%s has %q once", stack, old)
	a.files[stack] = strings.Replace(a.files[stack], old, new, 1)
}

// everywhere replaces a text wherever it stands.
func (a *adopter) everywhere(old, new string) {
	a.t.Helper()
	for stack, text := range a.files {
		a.files[stack] = strings.ReplaceAll(text, old, new)
	}
}

// another copies an environment under another name, which what is called after it takes, too.
func (a *adopter) another(of, name string, edits ...string) {
	a.t.Helper()
	require.Contains(a.t, a.files, of)
	word := regexp.MustCompile(`\b` + of + `\b`)
	text := word.ReplaceAllString(a.files[of], name)
	for i := 0; i < len(edits); i += 2 {
		require.Contains(a.t, text, edits[i])
		text = strings.Replace(text, edits[i], edits[i+1], 1)
	}
	a.files[name] = text
}

// elsewhere moves everything to other accounts and another region.
func elsewhere(_ *testing.T, a *adopter) {
	for _, pair := range [][2]string{
		{"111111111111", "345678901234"}, {"222222222222", "456789012345"}, {"eu-west-1", "us-west-2"}, {"euw1-", "usw2-"},
	} {
		a.everywhere(pair[0], pair[1])
	}
}

// renamed gives the environments other names.
func renamed(_ *testing.T, a *adopter) {
	for old, name := range map[string]string{"dev": "sandbox", "stg": "qa", "prod": "live"} {
		a.another(old, name)
		a.remove(old)
	}
	a.files["qa"] = strings.ReplaceAll(a.files["qa"], "stack: dev", "stack: sandbox")
}

// reversed turns the order of the keys round, at every level. Comments go.
func reversed(t *testing.T, a *adopter) {
	for stack, text := range a.files {
		var document yaml.Node
		require.NoError(t, yaml.Unmarshal([]byte(text), &document))
		reverse(&document)
		raw, err := yaml.Marshal(&document)
		require.NoError(t, err)
		a.files[stack] = string(raw)
	}
}

func reverse(n *yaml.Node) {
	for _, child := range n.Content {
		reverse(child)
	}
	if n.Kind != yaml.MappingNode {
		return
	}
	var turned []*yaml.Node
	for i := len(n.Content) - 2; i >= 0; i -= 2 {
		turned = append(turned, n.Content[i], n.Content[i+1])
	}
	n.Content = turned
}

// bare leaves out what a stack may leave out.
func bare(t *testing.T, a *adopter) {
	for stack, text := range a.files {
		var file map[string]map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(text), &file))
		for _, key := range []string{"tags", "tenancy", "logging", "ingress", "autoscaling", "secrets", "storage", "podCleanup", "delivery"} {
			delete(file["config"], "eks-platform:"+key)
		}
		raw, err := yaml.Marshal(file)
		require.NoError(t, err)
		a.files[stack] = strings.ReplaceAll(string(raw), "autoscaled: true", "autoscaled: false")
	}
}

// endpoint gives a cluster another endpoint.
func endpoint(stack, value string) func(t *testing.T, a *adopter) {
	return func(_ *testing.T, a *adopter) {
		a.replace(stack, "    endpoint:\n      access: private\n", "    endpoint: "+value+"\n")
	}
}
