package main

import (
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/eks-platform/eks-platform/automation/bootstrap"
	"github.com/eks-platform/eks-platform/stacks"
)

// newEnvironments returns the command that lists the environments. The workflows generate their jobs from it.
func newEnvironments(t *terminal, project *string) *cobra.Command {
	c := &cobra.Command{
		Use:   "environments",
		Short: "List the environments in the order in which they are deployed",
		Long: `List the environments of the stack files in the order in which they are deployed, with their accounts and regions, and
with the roles and the state that "platform bootstrap" creates by default. Needs neither a cloud nor Pulumi. The
workflows generate their jobs from the document that --json prints.

` + exitCodes,
		Args: exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			e, err := stacks.LoadEstate(*project)
			if err != nil {
				return invalid(err)
			}
			all := bootstrap.Workflows(e)
			if t.asJSON {
				return t.json(map[string]any{"version": 1, "environments": all})
			}
			w := newTable()
			w.AppendHeader(table.Row{"Environment", "Cluster of", "Account", "Region", "Approval"})
			for _, e := range all {
				approval := "no"
				if e.RequireApproval {
					approval = "required"
				}
				w.AppendRow(table.Row{e.Environment, e.Owner, e.AccountID, e.Region, approval})
			}
			t.print("%s\n", fit(w, nil, 1, 2))
			return nil
		},
	}
	t.jsonFlag(c)
	return c
}
