package pulumicli

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
)

// Timeouts of the network: behind a firewall that drops packets, a run waits for reach and no longer.
const (
	reach  = 5 * time.Second
	enough = 3 * time.Minute
)

// source is where Pulumi's installer comes from.
const source = "https://get.pulumi.com/install.sh"

// installer is where the official CLI comes from.
type installer struct {
	// reachable returns why the source does not answer.
	reachable func(ctx context.Context) error
	// install puts a version of the CLI at bin/pulumi below a directory.
	install func(ctx context.Context, root string, v semver.Version) error
	// reach and enough replace the package's when they are above zero.
	reach, enough time.Duration
}

// pulumi is the Automation API's installer. It runs Pulumi's own script, which downloads the release by HTTPS and verifies
// nothing but its version.
var pulumi = installer{
	reachable: func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodHead, source, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s", source, resp.Status)
		}
		return nil
	},
	install: func(ctx context.Context, root string, v semver.Version) error {
		_, err := auto.InstallPulumiCommand(ctx, &auto.PulumiCommandOptions{Root: root, Version: v})
		return err
	},
	reach: reach, enough: enough,
}

// download installs the official CLI at a path, if it can be downloaded within the timeouts.
func (o Options) download(ctx context.Context, path string) error {
	from := o.official
	if from.install == nil {
		from = pulumi
	}
	version := "v" + Pinned().String()
	o.Progress(fmt.Sprintf("no Pulumi CLI found: trying get.pulumi.com for the official %s (for at most %s)", version, from.reach))
	if err := within(ctx, from.reach, from.reachable); err != nil {
		return err
	}
	root, err := os.MkdirTemp(filepath.Dir(path), "download-")
	if err != nil {
		return fmt.Errorf("create a directory for the Pulumi CLI: %w", err)
	}
	defer os.RemoveAll(root)
	o.Progress(fmt.Sprintf("downloading the Pulumi CLI %s into %s (at most %s, only once)", version, filepath.Dir(path), from.enough))
	if err := within(ctx, from.enough, func(ctx context.Context) error { return from.install(ctx, root, Pinned()) }); err != nil {
		return err
	}
	got := filepath.Join(root, "bin", executable("pulumi"))
	v, err := versionOf(ctx, got)
	if err != nil {
		return err
	}
	if !v.EQ(Pinned()) {
		return fmt.Errorf("got version %s instead of %s", v, Pinned())
	}
	if err := os.Rename(got, path); err != nil {
		return fmt.Errorf("install the Pulumi CLI: %w", err)
	}
	return nil
}

// within calls f and stops waiting for it after a while, even if it ignores its context.
func within(ctx context.Context, limit time.Duration, f func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- f(bounded) }()
	select {
	case err := <-done:
		return err
	case <-bounded.Done():
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("no answer within %s", limit)
	}
}
