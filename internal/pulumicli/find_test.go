//go:build unix

package pulumicli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// script writes an executable shell script.
func script(t *testing.T, path, body string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o755))
}

// checkout makes what a build needs of a checkout and returns a directory deep inside it.
func checkout(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	deep := filepath.Join(root, "cmd", "platform")
	require.NoError(t, os.MkdirAll(deep, 0o755))
	require.NoError(t, os.MkdirAll(filepath.Join(root, "tools"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(root, "go.mod"), []byte("module github.com/eks-platform/eks-platform\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(root, "tools", "go.mod"), []byte("module x\n"), 0o644))
	return deep
}

// fakeGo puts a go on PATH that "builds" a CLI of the pinned version, slowly, and counts its calls in a file.
func fakeGo(t *testing.T, bin string) (calls string) {
	t.Helper()
	calls = filepath.Join(t.TempDir(), "calls")
	script(t, filepath.Join(bin, "go"), `echo "$@" >> `+calls+`
while [ "$1" != "-o" ]; do shift; done
sleep 0.3
printf '#!/bin/sh\necho v`+Pinned().String()+`\n' > "$2"
chmod +x "$2"`)
	return calls
}

func TestTheCLIOnPathIsUsedWhenItIsNewEnough(t *testing.T) {
	bin := t.TempDir()
	script(t, filepath.Join(bin, "pulumi"), "echo v3.245.1")
	t.Setenv("PATH", bin)
	c, err := Find(context.Background(), Options{CacheDir: t.TempDir()})
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(bin, "pulumi"), c.Path)
	assert.Equal(t, "3.245.1", c.Version().String())
}

func TestACLIThatIsTooOldIsNamedAndReplacedByABuiltOne(t *testing.T) {
	bin := t.TempDir()
	script(t, filepath.Join(bin, "pulumi"), "echo v3.100.0")
	fakeGo(t, bin)
	t.Setenv("PATH", bin+":/usr/bin:/bin")
	var lines []string
	cache := t.TempDir()
	c, err := Find(context.Background(), Options{Dir: checkout(t), CacheDir: cache, Progress: func(l string) { lines = append(lines, l) }})
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(cache, "v"+Pinned().String(), "pulumi"), c.Path)
	said := strings.Join(lines, "\n")
	assert.Contains(t, said, filepath.Join(bin, "pulumi")+") is not used: it is version 3.100.0 and the platform needs 3.231.0 or newer")
	assert.Contains(t, said, "building v"+Pinned().String())
}

func TestProcessesThatNeedTheCLIAtOnceBuildItOnce(t *testing.T) {
	bin := t.TempDir()
	calls := fakeGo(t, bin)
	t.Setenv("PATH", bin+":/usr/bin:/bin")
	o := Options{Dir: checkout(t), CacheDir: t.TempDir()}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			c, err := Find(context.Background(), o)
			if assert.NoError(t, err) {
				assert.Equal(t, Pinned(), c.Version())
			}
		})
	}
	wg.Wait()
	_, err := Find(context.Background(), o)
	require.NoError(t, err)
	log, err := os.ReadFile(calls)
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(string(log), cliPackage), string(log))
	assert.Contains(t, string(log), "version.Version=v"+Pinned().String())
}

func TestABuildThatFailsLeavesNothingAndShowsTheLastLines(t *testing.T) {
	bin := t.TempDir()
	script(t, filepath.Join(bin, "go"), "echo module lookup disabled >&2; exit 1")
	t.Setenv("PATH", bin+":/usr/bin:/bin")
	cache := t.TempDir()
	_, err := Find(context.Background(), Options{Dir: checkout(t), CacheDir: cache})
	assert.ErrorContains(t, err, "module lookup disabled")
	assert.NoFileExists(t, filepath.Join(cache, "v"+Pinned().String(), "pulumi"))
}

func TestWithoutCheckoutAndWithoutCLIBothWaysOutAreNamed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Find(context.Background(), Options{Dir: t.TempDir(), CacheDir: t.TempDir()})
	assert.ErrorContains(t, err, "run the command inside the project's checkout, or install Pulumi")
	_, err = Find(context.Background(), Options{Dir: checkout(t), CacheDir: t.TempDir()})
	assert.ErrorContains(t, err, "go is not on PATH either")
}
