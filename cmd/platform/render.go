package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eks-platform/eks-platform/internal/declared"
	"github.com/eks-platform/eks-platform/internal/render"
	"github.com/eks-platform/eks-platform/stacks"
)

// newRender returns the command that writes what the stacks declare, for scanners.
func newRender(t *terminal, project *string) *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "render --out DIRECTORY",
		Short: "Write what the stacks declare in the formats of public scanners",
		Long: `Write what the program declares for each environment in the formats that public scanners read, into one directory per
environment: its Kubernetes objects into objects.yaml, and its AWS resources, as Terraform would have them, into aws.tf.
The latter is for reading, not for applying. What Helm charts render is not included, and neither are secrets. Needs neither a
cloud nor Pulumi.

` + exitCodes,
		Args: exactly(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			if out == "" {
				return usage(c, errors.New("--out is required: the directory to write to"))
			}
			e, err := stacks.LoadEstate(*project)
			if err != nil {
				return invalid(err)
			}
			for _, owner := range e.Names() {
				if e.Owner(owner) != "" {
					continue
				}
				cluster, err := declared.Cluster(stacks.Program, *project, owner, e.Joined(owner))
				if err != nil {
					return err
				}
				for _, s := range cluster {
					files, err := renderStack(out, s)
					if err != nil {
						return err
					}
					t.print("%s\n", strings.Join(files, "\n"))
				}
			}
			return nil
		},
	}
	c.Flags().StringVar(&out, "out", "", "the directory to write to (required)")
	return c
}

// renderStack writes one environment and returns the names of the files.
func renderStack(dir string, s declared.Stack) ([]string, error) {
	var written []string
	for _, f := range []struct {
		name   string
		render func(declared.Registrations) ([]byte, error)
	}{{"objects.yaml", render.Objects}, {"aws.tf", render.Terraform}} {
		text, err := f.render(s.Registrations)
		if err != nil {
			return nil, err
		}
		file := filepath.Join(dir, s.Name, f.name)
		err = os.MkdirAll(filepath.Dir(file), 0o755)
		if err == nil {
			err = os.WriteFile(file, text, 0o644)
		}
		if err != nil {
			return nil, fmt.Errorf("write what %s declares: %w", s.Name, err)
		}
		written = append(written, file)
	}
	return written, nil
}
