package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eks-platform/eks-platform/internal/buildid"
	"github.com/eks-platform/eks-platform/internal/deployorder"
	"github.com/eks-platform/eks-platform/internal/pulumicli"
	"github.com/eks-platform/eks-platform/internal/stackfile"
	"github.com/eks-platform/eks-platform/stacks"
)

// findProject looks for the project in the folders above, unless somebody has named one.
func findProject(c *cobra.Command, project *string) {
	if f := c.Flags().Lookup("project"); f != nil && f.Changed {
		return
	}
	dir, err := os.Getwd()
	if err != nil {
		return // whoever reads the project says what is wrong
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, stackfile.Project)); err == nil {
			if *project, err = filepath.Rel(dir, at); err != nil {
				*project = at
			}
			return
		}
		if at == filepath.Dir(at) {
			return
		}
	}
}

// version says what runs.
func version() string {
	program, err := buildid.Program()
	if err != nil {
		program = "of an unknown build: " + err.Error()
	}
	return fmt.Sprintf("platform %s\nPulumi CLI v%s\n", program, pulumicli.Pinned())
}

// values are those that flags take.
var values = map[string][]string{
	"cloud": {"aws", "rehearsal"}, "format": {formatText, formatMarkdown, formatHTML, formatJSON}, "latency": {"none", "aws"},
}

// completions lets a shell complete environments and the values of flags.
func completions(root *cobra.Command, project *string) {
	for _, c := range root.Commands() {
		completions(c, project)
		for flag, list := range values {
			if c.Flags().Lookup(flag) != nil {
				_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(list, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveKeepOrder))
			}
		}
		_, what, takes := strings.Cut(c.Use, " ")
		if !takes || c.ValidArgsFunction != nil || !strings.HasPrefix(strings.TrimPrefix(what, "["), "ENV") {
			continue
		}
		many := strings.Contains(what, "...")
		c.ValidArgsFunction = func(c *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 && !many {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			findProject(c, project) // completion runs no command
			e, err := stacks.LoadEstate(*project)
			if e == nil || err != nil && len(e.Names()) == 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			names := slices.DeleteFunc(deployorder.Of(e), func(name string) bool { return slices.Contains(args, name) || !strings.HasPrefix(name, begun) })
			return names, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
		}
	}
}
