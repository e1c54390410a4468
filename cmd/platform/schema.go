package main

import (
	"github.com/spf13/cobra"

	"github.com/eks-platform/eks-platform/stacks"
)

// newSchema returns the command that prints the schema of stack files.
func newSchema(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of stack files",
		Long:  "Print the JSON Schema of stack files, from which editors complete and check them.",
		Args:  exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			raw, err := stacks.Schema()
			if err != nil {
				return err
			}
			t.print("%s", raw)
			return nil
		},
	}
}
