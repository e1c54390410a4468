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

// Options says where to look.
type Options struct {
	// Dir is a directory inside the project's checkout, from which tools/ is found; the working directory when empty.
	Dir string
	// CacheDir holds the CLIs that were built, one directory per version; os.UserCacheDir()/eks-platform/pulumi when
	// empty.
	CacheDir string
	// Progress is told, in one line each, what takes its time; nil keeps quiet.
	Progress func(line string)

	official installer // where the official CLI comes from; Pulumi's own when it is its zero value
}

// Find returns the CLI: the one on PATH when it is new enough, else the one that was installed before, else the official
// one of the pinned version, or one that is built from tools/ where the network does not have it. Processes that
// need it at the same time wait for each other.
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

// install puts the pinned CLI at a path, where it appears only when it is complete.
func (o Options) install(ctx context.Context, path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make a place for the Pulumi CLI: %w", err)
	}
	unlock, err := lock(ctx, filepath.Join(dir, "build.lock"), func() {
		o.Progress("another process installs the Pulumi CLI: waiting for it")
	})
	if err != nil {
		return err
	}
	defer unlock()
	if v, err := o.version(ctx, path); err == nil && v.EQ(Pinned()) {
		return nil // somebody else installed it while we waited
	}
	err = o.download(ctx, path)
	if err == nil || ctx.Err() != nil {
		return err
	}
	o.Progress(fmt.Sprintf("the official Pulumi CLI cannot be had: %v", err))
	return o.build(ctx, path)
}

// binary is the place of an installed CLI.
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

// cacheDir is where CLIs are kept.
func (o Options) cacheDir() (string, error) {
	dir := o.CacheDir
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("find a directory to keep the Pulumi CLI in: %w", err)
		}
		dir = filepath.Join(cache, "eks-platform", "pulumi")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find a directory to keep the Pulumi CLI in: %w", err)
	}
	return dir, nil
}

// errNoTools is an error for people: it says both ways out.
var errNoTools = errors.New("there is no Pulumi CLI on PATH, and none can be built: tools/go.mod of the project was " +
	"not found from here upwards; run the command inside the project's checkout, or install Pulumi " +
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
