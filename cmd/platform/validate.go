package main

import (
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/stacks"
)

// newValidate returns the command that checks stack files.
func newValidate(t *terminal, project *string) *cobra.Command {
	c := &cobra.Command{
		Use:   "validate [ENV...]",
		Short: "Check the stack files",
		Long: `Check the stack files, each on its own and against each other, and report every problem with its file, line and config
path. With names, only those environments are reported. Needs neither a cloud nor Pulumi.

Notes say what is valid but probably not meant: placeholder accounts, which are refused on AWS, and ARNs of other accounts.

Exits with 2 if there is a problem; notes do not count.`,
		RunE: func(_ *cobra.Command, args []string) error {
			problems, notes, err := problemsOf(*project, args)
			if err != nil {
				return err
			}
			if t.asJSON {
				if err := t.json(map[string]any{"ok": len(problems) == 0, "problems": problems, "notes": notes}); err != nil {
					return err
				}
			} else {
				for _, p := range problems {
					t.print("%s\n", p.Error())
				}
				for _, n := range notes {
					t.print("note: %s\n", n.Error())
				}
			}
			if len(problems) > 0 {
				return errReported
			}
			if !t.asJSON {
				t.print("the stack files are valid\n")
			}
			return nil
		},
	}
	t.jsonFlag(c)
	return c
}

// problemsOf returns the problems of all stack files, or of those of some environments, and what is only worth a note.
func problemsOf(dir string, names []string) (problems, notes problem.List, err error) {
	e, err := stacks.LoadEstate(dir)
	problems, notes = problem.List{}, problem.List{}
	if e != nil {
		notes = e.Notes()
	}
	var invalid *problem.Error
	switch {
	case errors.As(err, &invalid):
		problems = append(problems, invalid.Problems...)
	case err != nil:
		return nil, nil, &automation.Error{Kind: automation.ErrInvalid, Messages: []string{err.Error()}}
	}
	for _, name := range names {
		// The estate has every file that could be parsed as YAML; one that could not has a problem of its own.
		known := e != nil && slices.Contains(e.Names(), name) || slices.ContainsFunc(problems, func(p problem.Problem) bool { return ofStack(p, name) })
		if !known {
			problems = append(problems, problem.Problem{File: "Pulumi." + name + ".yaml", Message: "there is no stack file of that name"})
		}
	}
	if len(names) > 0 {
		other := func(p problem.Problem) bool {
			return !slices.ContainsFunc(names, func(name string) bool { return ofStack(p, name) })
		}
		problems, notes = slices.DeleteFunc(problems, other), slices.DeleteFunc(notes, other)
	}
	return problems, notes, nil
}

// ofStack reports whether a problem is in the stack's file.
func ofStack(p problem.Problem, name string) bool { return p.File == "Pulumi."+name+".yaml" }
