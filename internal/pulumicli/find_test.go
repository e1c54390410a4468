//go:build unix

package pulumicli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blang/semver"
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

// offline is a network without an answer.
var offline = installer{
	reachable: func(context.Context) error { return errors.New("no such host") },
	install:   func(context.Context, string, semver.Version) error { return errors.New("no such host") },
	reach:     time.Second, enough: time.Second,
}

// online is a network that has a CLI of some version.
func online(t *testing.T, version string) installer {
	return installer{
		reachable: func(context.Context) error { return nil },
		install: func(_ context.Context, root string, _ semver.Version) error {
			script(t, filepath.Join(root, "bin", "pulumi"), "echo v"+version)
			return nil
		},
		reach: time.Second, enough: time.Second,
	}
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
	c, err := Find(context.Background(), Options{CacheDir: t.TempDir(), official: offline})
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
	c, err := Find(context.Background(), Options{Dir: checkout(t), CacheDir: cache, official: offline, Progress: func(l string) { lines = append(lines, l) }})
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(cache, "v"+Pinned().String(), "pulumi"), c.Path)
	said := strings.Join(lines, "\n")
	assert.Contains(t, said, filepath.Join(bin, "pulumi")+") is not used: it is version 3.100.0, and the platform needs 3.231.0 or newer")
	assert.Contains(t, said, "building the Pulumi CLI v"+Pinned().String())
}

func TestProcessesThatNeedTheCLIAtOnceBuildItOnce(t *testing.T) {
	bin := t.TempDir()
	calls := fakeGo(t, bin)
	t.Setenv("PATH", bin+":/usr/bin:/bin")
	o := Options{Dir: checkout(t), CacheDir: t.TempDir(), official: offline}
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
	_, err := Find(context.Background(), Options{Dir: checkout(t), CacheDir: cache, official: offline})
	assert.ErrorContains(t, err, "module lookup disabled")
	assert.NoFileExists(t, filepath.Join(cache, "v"+Pinned().String(), "pulumi"))
}

func TestWithoutCheckoutAndWithoutCLIBothWaysOutAreNamed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Find(context.Background(), Options{Dir: t.TempDir(), CacheDir: t.TempDir(), official: offline})
	assert.ErrorContains(t, err, "run the command inside the project's checkout, or install Pulumi")
	_, err = Find(context.Background(), Options{Dir: checkout(t), CacheDir: t.TempDir(), official: offline})
	assert.ErrorContains(t, err, "go is not on PATH either")
}

func TestTheOfficialCLIIsTakenWhereTheNetworkHasIt(t *testing.T) {
	bin := t.TempDir()
	calls := fakeGo(t, bin)
	t.Setenv("PATH", bin+":/usr/bin:/bin")
	cache := t.TempDir()
	var lines []string
	o := Options{Dir: t.TempDir(), CacheDir: cache, official: online(t, Pinned().String()), Progress: func(l string) { lines = append(lines, l) }}
	c, err := Find(t.Context(), o)
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(cache, "v"+Pinned().String(), "pulumi"), c.Path)
	assert.NoFileExists(t, calls, "nothing is built")
	assert.Contains(t, strings.Join(lines, "\n"), "downloading the Pulumi CLI v"+Pinned().String()+" into "+filepath.Dir(c.Path))
	left, err := filepath.Glob(filepath.Join(filepath.Dir(c.Path), "download-*"))
	require.NoError(t, err)
	assert.Empty(t, left)
	lines = nil
	_, err = Find(t.Context(), o)
	require.NoError(t, err)
	assert.Empty(t, lines, "it is kept")
}

func TestWhatTheNetworkHasNotIsBuilt(t *testing.T) {
	hangs := func(ctx context.Context) error { select {} }
	for want, official := range map[string]installer{
		"cannot be downloaded: no such host":                                      offline,
		"cannot be downloaded: no answer within 50ms":                             {reachable: hangs, install: offline.install, reach: 50 * time.Millisecond},
		"cannot be downloaded: no answer within 60ms":                             {reachable: online(t, "").reachable, install: func(ctx context.Context, _ string, _ semver.Version) error { return hangs(ctx) }, reach: time.Second, enough: 60 * time.Millisecond},
		"cannot be downloaded: got version 3.1.0 instead of " + Pinned().String(): online(t, "3.1.0"),
	} {
		bin := t.TempDir()
		calls := fakeGo(t, bin)
		t.Setenv("PATH", bin+":/usr/bin:/bin")
		var lines []string
		_, err := Find(t.Context(), Options{Dir: checkout(t), CacheDir: t.TempDir(), official: official, Progress: func(l string) { lines = append(lines, l) }})
		require.NoError(t, err)
		assert.FileExists(t, calls)
		said := strings.Join(lines, "\n")
		assert.Contains(t, said, want)
		assert.Contains(t, said, "trying get.pulumi.com for the official v"+Pinned().String()+" (for at most ")
	}
}

func TestTheVersionOfABinaryIsAskedOnce(t *testing.T) {
	bin := t.TempDir()
	asked := filepath.Join(t.TempDir(), "asked")
	t.Setenv("PATH", bin+":/usr/bin:/bin")
	path := filepath.Join(bin, "pulumi")
	o := Options{CacheDir: t.TempDir(), official: offline}
	find := func(want string) {
		t.Helper()
		c, err := Find(t.Context(), o)
		require.NoError(t, err)
		assert.Equal(t, want, c.Version().String())
	}
	times := func() int {
		raw, _ := os.ReadFile(asked)
		return strings.Count(string(raw), "x")
	}
	binary := func(version string) {
		script(t, path, "echo x >> "+asked+"; echo v"+version+"; exit\n"+strings.Repeat("#", remembered))
	}
	binary("3.250.0")
	find("3.250.0")
	find("3.250.0")
	assert.Equal(t, 1, times())
	binary("3.250.10")
	find("3.250.10")
	assert.Equal(t, 2, times(), "another file")
	script(t, path, "echo x >> "+asked+"; echo v3.251.0")
	find("3.251.0")
	find("3.251.0")
	assert.Equal(t, 4, times(), "a script is asked every time")
}
