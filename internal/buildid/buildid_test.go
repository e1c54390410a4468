package buildid

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const id = "jpWeJpxeO0i5XJ-U_XRo/oYMZ4VGzURbIP9GHBu1y/_IGW-kMevbC4bVPXMFCW/eo5pQEzQOjCNyX6JTTA2"

func sum(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }

func TestTheBuildIDIsTheOneThatTheGoCommandReads(t *testing.T) {
	t.Parallel()
	own, err := os.Executable()
	require.NoError(t, err)
	want, err := exec.CommandContext(t.Context(), "go", "tool", "buildid", own).Output()
	require.NoError(t, err)
	got, err := Of(own)
	require.NoError(t, err)
	assert.Equal(t, "build "+sum(strings.TrimSpace(string(want))), got)
}

func TestTheProgramIsNamedByItsBuildIDOrElseByItsHash(t *testing.T) {
	t.Parallel()
	tail := strings.Repeat("code", headSize)
	for name, test := range map[string]struct{ binary, want string }{
		"ELF":              {"\x7fELF" + string(noteName) + id + "\x00" + tail, "build " + sum(id)},
		"Mach-O and PE":    {"MZ" + string(textMark) + id + "\"\n \xff" + tail, "build " + sum(id)},
		"a mark before it": {"\x7fELF" + string(noteName) + "\x00" + string(noteName) + id + "\x00", "build " + sum(id)},
		"without one":      {"\x7fELF" + string(noteName) + "\x00" + tail, "binary " + sum("\x7fELF"+string(noteName)+"\x00"+tail)},
		"short":            {"MZ", "binary " + sum("MZ")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "binary")
			require.NoError(t, os.WriteFile(path, []byte(test.binary), 0o600))
			got, err := Of(path)
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
	_, err := Of(filepath.Join(t.TempDir(), "missing"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestAnotherProgramHasAnotherName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	build := func(flags ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "go", append([]string{"build", "-o", "program"}, flags...)...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		name, err := Of(filepath.Join(dir, "program"))
		require.NoError(t, err)
		return name
	}
	write("go.mod", "module example.com/program\n\ngo 1.26\n")
	write("main.go", "package main\n\nfunc main() { println(1) }\n")
	first := build()
	assert.Equal(t, first, build(), "built again")
	assert.NotEqual(t, first, build("-tags=other", "-ldflags=-X=main.version=2"), "other flags")
	write("main.go", "package main\n\nfunc main() { println(2) }\n")
	assert.NotEqual(t, first, build(), "other sources")
	write("main.go", "package main\n\nfunc main() { println(1) }\n")
	assert.Equal(t, first, build(), "and back")
	assert.Contains(t, build("-ldflags=-buildid="), "binary ")
}
