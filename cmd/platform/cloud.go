package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/rehearsal"
)

// target is where environments live, from the flags.
type target struct {
	cloud, dir string
	// reads is set by commands that only read or destroy what exists, and so never create a rehearsal; previews by preview,
	// which does not create one in a directory given with --dir.
	reads, previews bool
	// opened is the rehearsal, once it is.
	opened *rehearsal.Rehearsal
}

func (o *target) flags(c *cobra.Command) {
	c.Flags().StringVar(&o.cloud, "cloud", "aws", "where the environment lives: aws or rehearsal")
	c.Flags().StringVar(&o.dir, "dir", "", "directory of the rehearsal (default: in the user's cache directory)")
}

// open returns a platform on the chosen cloud, and a function to call when it is no longer needed.
func (o *target) open(c *cobra.Command, t *terminal, project string) (*automation.Platform, func(), error) {
	options := automation.Options{ProjectDir: project, Progress: t.note}
	done := func() {}
	switch o.cloud {
	case "aws":
		if o.dir != "" {
			return nil, nil, usage(c, fmt.Errorf("--dir is only for --cloud rehearsal: on aws the state is in the Pulumi backend"))
		}
	case "rehearsal":
		dir := o.dir
		if dir == "" {
			root, err := rehearsals()
			if err != nil {
				return nil, nil, err
			}
			dir = filepath.Join(root, "default")
		}
		discard := func() {}
		if _, err := os.Stat(dir); o.previews && o.dir != "" && os.IsNotExist(err) {
			t.note(fmt.Sprintf("there is no rehearsal in %s: this previews an empty cloud, and keeps nothing", dir))
			if dir, err = os.MkdirTemp("", "platform-preview-"); err != nil {
				return nil, nil, fmt.Errorf("create a directory for the preview: %w", err)
			}
			discard = func() { _ = os.RemoveAll(dir) }
		}
		r, err := rehearsal.Open(rehearsal.Options{Dir: dir, Existing: o.reads})
		if err != nil {
			discard()
			return nil, nil, err
		}
		o.opened, options.Cloud, done = r, r, func() { _ = r.Close(); discard() }
	default:
		return nil, nil, usage(c, fmt.Errorf("--cloud must be aws or rehearsal, got %q", o.cloud))
	}
	p, err := automation.New(options)
	if err != nil {
		done()
		return nil, nil, err
	}
	return p, done, nil
}

// rehearsals is the directory of rehearsals that were not given one.
func rehearsals() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a directory for the rehearsal (name one with --dir): %w", err)
	}
	return filepath.Join(cache, "eks-platform", "rehearsal"), nil
}

// ended is the file that says how the rehearsal in a directory ended. Without it, one is in progress there, was killed, or
// was to be kept.
const ended = "ended"

// The contents of that file.
const (
	endedWell  = "ok"
	endedBadly = "failed"
)

// failuresKept is how many failed rehearsals are kept for whoever investigates them.
const failuresKept = 3

func markEnded(dir string, well bool) error {
	how := endedBadly
	if well {
		how = endedWell
	}
	return os.WriteFile(filepath.Join(dir, ended), []byte(how), 0o600)
}

// freshRehearsal names a new directory for one run of rehearse, and removes those of earlier runs that are no longer
// wanted: of runs that succeeded, and of all but the latest failures.
func freshRehearsal(now time.Time) (string, error) {
	root, err := rehearsals()
	if err != nil {
		return "", err
	}
	entries, err := os.ReadDir(root)
	if err != nil && !os.IsNotExist(err) {
		return "", fmt.Errorf("list earlier rehearsals: %w", err)
	}
	failures := 0
	for _, e := range slices.Backward(entries) { // by name, and so the latest first
		dir := filepath.Join(root, e.Name())
		how, err := os.ReadFile(filepath.Join(dir, ended))
		if err != nil || !strings.HasPrefix(e.Name(), "run-") {
			continue
		}
		if string(how) == endedBadly {
			if failures++; failures <= failuresKept {
				continue
			}
		}
		if err := os.RemoveAll(dir); err != nil {
			return "", fmt.Errorf("remove an earlier rehearsal: %w", err)
		}
	}
	return filepath.Join(root, fmt.Sprintf("run-%s-%d", now.Format("20060102-150405"), os.Getpid())), nil
}
