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
}

// Find returns the CLI: the one on PATH when it is new enough, else the one that was built before, else one built
// now, which takes some minutes once per version. Processes that build at the same time wait for each other.
func Find(ctx context.Context, o Options) (*Command, error) {
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	if path, err := exec.LookPath("pulumi"); err == nil {
		v, err := versionOf(ctx, path)
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
	if v, err := versionOf(ctx, path); err == nil && v.EQ(Pinned()) {
		return newCommand(path, v)
	}
	if err := o.build(ctx, path); err != nil {
		return nil, err
	}
	v, err := versionOf(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("the Pulumi CLI that was just built (%s) does not run: %w", path, err)
	}
	return newCommand(path, v)
}

// binary is the place of a built CLI.
func (o Options) binary(v semver.Version) (string, error) {
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
	name := "pulumi"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(dir, "v"+v.String(), name), nil
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
