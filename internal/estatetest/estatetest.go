// Package estatetest gives tests an estate: a directory with Pulumi.yaml and stack files. The stack files at the
// repository's root belong to the adopter, so tests use the frozen ones of tests/testdata/estate, which match the goldens
// next to it.
package estatetest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Stacks are the stacks of the frozen estate: dev owns a cluster, stg joins it, and prod owns one in another account.
var Stacks = []string{"dev", "stg", "prod"}

// Edits are changes of stack files, by stack: old text and new text in turn. Each replaces the first place that has the
// old text, which must be there.
type Edits map[string][]string

// root is the repository's root, above the directory that go test has started the tests in.
var root = func() string {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); !errors.Is(err, fs.ErrNotExist) {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			break
		}
		dir = parent
	}
	panic("estatetest: no go.mod above the working directory")
}()

// Root returns the root of the repository, whose stack files are the adopter's: test rules on them, and nothing that
// they happen to say.
func Root() string { return root }

// Dir returns the directory of the frozen estate, which tests read and never write. Copy makes one to write to.
func Dir() string { return filepath.Join(root, "tests", "testdata", "estate") }

// Path returns the path of a file in tests/testdata.
func Path(name string) string { return filepath.Join(root, "tests", "testdata", name) }

// encryption is how the stacks of a checkout encrypt secrets, which the CLI notes in their files. Tests have stacks of
// their own.
var encryption = regexp.MustCompile(`(?m)^(secretsprovider|encryptedkey|encryptionsalt):.*\n?`)

// Copy copies the frozen estate to a directory of the test's own and edits it.
func Copy(t testing.TB, edits Edits) string {
	t.Helper()
	return CopyOf(t, Dir(), edits)
}

// CopyOf copies the project and stack files of a directory to a directory of the test's own and edits them.
func CopyOf(t testing.TB, dir string, edits Edits) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "Pulumi*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no stack files in %s (%v)", dir, err)
	}
	out := t.TempDir()
	edited := map[string]bool{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		stack := strings.TrimSuffix(strings.TrimPrefix(name, "Pulumi."), ".yaml")
		edited[stack] = true
		text := edit(t, name, encryption.ReplaceAllString(string(raw), ""), edits[stack])
		if err := os.WriteFile(filepath.Join(out, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for stack := range edits {
		if !edited[stack] {
			t.Fatalf("an edit is of stack %q, which has no file in %s", stack, dir)
		}
	}
	return out
}

func edit(t testing.TB, name, text string, pairs []string) string {
	t.Helper()
	if len(pairs)%2 != 0 {
		t.Fatalf("the edits of %s are not pairs of old and new text", name)
	}
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("an edit of %s finds nothing to change: it has no %q", name, pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}
