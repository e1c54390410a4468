package main

import (
	"github.com/spf13/cobra"

	"github.com/eks-platform/eks-platform/stacks"
)

// newSchema returns the command that prints the schema of stack files.
func newSchema(t *terminal) *cobra.Command {
	var markdown bool
	c := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of stack files",
		Long: `Print the JSON Schema of stack files, with which editors complete and check them, or the configuration reference that is
generated from it.`,
		Args: exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			if markdown {
				text, err := stacks.Reference()
				if err != nil {
					return err
				}
				t.print("%s", text)
				return nil
			}
			raw, err := stacks.Schema()
			if err != nil {
				return err
			}
			t.print("%s\n", raw)
			return nil
		},
	}
	c.Flags().BoolVar(&markdown, "markdown", false, "print the configuration reference, in Markdown, instead")
	return c
}
