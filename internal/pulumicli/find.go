package pulumicli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/blang/semver"
)

// Options configures Find.
type Options struct {
	// Dir is a directory inside the project's checkout, from which tools/ is found; the working directory when empty.
	Dir string
	// CacheDir is the directory of installed CLIs, with one directory per version; os.UserCacheDir()/eks-platform/pulumi
	// when empty.
	CacheDir string
	// Progress is called with a line for each thing that takes time; nil for none.
	Progress func(line string)

	official installer // where the official CLI comes from; by default Pulumi's own installer
}

// Find returns the CLI: the one on PATH if it is new enough, else the one that was installed before, else the official one
// of the pinned version, or one built from tools/ if that cannot be downloaded. Concurrent processes wait for each other.
func Find(ctx context.Context, o Options) (*Command, error) {
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	if path, err := exec.LookPath("pulumi"); err == nil {
		v, err := o.version(ctx, path)
		if err == nil {
			err = usable(v)
		}
		if err == nil {
			return newCommand(path, v)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		o.Progress(fmt.Sprintf("the Pulumi CLI on PATH (%s) is not used: it %v", path, err))
	}
	path, err := o.binary(Pinned())
	if err != nil {
		return nil, err
	}
	if v, err := o.version(ctx, path); err == nil && v.EQ(Pinned()) {
		return newCommand(path, v)
	}
	if err := o.install(ctx, path); err != nil {
		return nil, err
	}
	v, err := o.version(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("the Pulumi CLI that was just installed (%s) does not run: %w", path, err)
	}
	return newCommand(path, v)
}

// install installs the pinned CLI at a path, where it appears only once it is complete.
func (o Options) install(ctx context.Context, path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("create a directory for the Pulumi CLI: %w", err)
	}
	unlock, err := lock(ctx, filepath.Join(dir, "build.lock"), func() {
		o.Progress("another process is installing the Pulumi CLI: waiting for it")
	})
	if err != nil {
		return err
	}
	defer unlock()
	if v, err := o.version(ctx, path); err == nil && v.EQ(Pinned()) {
		return nil // another process installed it while we waited
	}
	err = o.download(ctx, path)
	if err == nil || ctx.Err() != nil {
		return err
	}
	o.Progress(fmt.Sprintf("the official Pulumi CLI cannot be downloaded: %v", err))
	return o.build(ctx, path)
}

// binary is the path of an installed CLI.
func (o Options) binary(v semver.Version) (string, error) {
	dir, err := o.cacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "v"+v.String(), executable("pulumi")), nil
}

// executable is the file name of a program.
func executable(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}

// cacheDir is the directory of installed CLIs.
func (o Options) cacheDir() (string, error) {
	dir := o.CacheDir
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("find a cache directory for the Pulumi CLI: %w", err)
		}
		dir = filepath.Join(cache, "eks-platform", "pulumi")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find a cache directory for the Pulumi CLI: %w", err)
	}
	return dir, nil
}

// errNoTools names both ways out.
var errNoTools = errors.New("there is no Pulumi CLI on PATH, and it cannot be built: tools/go.mod of the project was " +
	"not found in this directory or above; run the command inside the project's checkout, or install Pulumi " +
	"(https://www.pulumi.com/docs/install/)")

// toolsDir finds the project's tools/ from a directory upwards.
func toolsDir(from string) (string, error) {
	dir, err := filepath.Abs(from)
	if err != nil {
		return "", err
	}
	for {
		module, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && declares(module, "github.com/eks-platform/eks-platform") {
			tools := filepath.Join(dir, "tools")
			if _, err := os.Stat(filepath.Join(tools, "go.mod")); err != nil {
				return "", errNoTools
			}
			return tools, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errNoTools
		}
		dir = up
	}
}
