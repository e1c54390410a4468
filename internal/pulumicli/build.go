package pulumicli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// cliPackage is the package to build; its module is pinned in tools/go.mod.
const cliPackage = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"

// tick is how often a build reports that it is still running.
const tick = 15 * time.Second

// declares reports whether a go.mod declares a module.
func declares(mod []byte, module string) bool {
	for line := range strings.Lines(string(mod)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "module "); ok {
			return strings.TrimSpace(name) == module
		}
	}
	return false
}

// build builds the pinned CLI at a path. The binary gets its name only once it is complete.
func (o Options) build(ctx context.Context, path string) error {
	from := o.Dir
	if from == "" {
		from = "."
	}
	tools, err := toolsDir(from)
	if err != nil {
		return err
	}
	goTool, err := exec.LookPath("go")
	if err != nil {
		return errors.New("there is no Pulumi CLI on PATH, and it cannot be built: go is not on PATH either; " +
			"install Pulumi (https://www.pulumi.com/docs/install/)")
	}
	// The version is not in the module's sources: without the flag, the CLI is a development build, and rejects plugins
	// that require a release.
	version := "v" + Pinned().String()
	partial := path + ".partial"
	defer os.Remove(partial)
	cmd := exec.CommandContext(ctx, goTool, "build",
		"-ldflags", "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version="+version,
		"-o", partial, cliPackage)
	cmd.Dir = tools
	cmd.Env = append(os.Environ(), "GOWORK=off")
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	o.Progress(fmt.Sprintf("building the Pulumi CLI %s from tools/ into %s (a few minutes, only once)", version, filepath.Dir(path)))
	if err := o.watch(cmd); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("build the Pulumi CLI %s: %w\n%s", version, err, tail(output.String(), 10))
	}
	if err := os.Rename(partial, path); err != nil {
		return fmt.Errorf("install the Pulumi CLI: %w", err)
	}
	return nil
}

// watch runs a build and reports that it is still running.
func (o Options) watch(cmd *exec.Cmd) error {
	started := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case err := <-done:
			if err == nil {
				o.Progress(fmt.Sprintf("built the Pulumi CLI in %s", time.Since(started).Round(time.Second)))
			}
			return err
		case <-ticker.C:
			o.Progress(fmt.Sprintf("still building the Pulumi CLI (%s)", time.Since(started).Round(time.Second)))
		}
	}
}

// tail returns the last lines of a text.
func tail(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return strings.Join(lines, "\n")
}
