package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/eks-platform/eks-platform/internal/deployorder"
	"github.com/eks-platform/eks-platform/stacks"
)

// newImages returns the command that lists the container images that a cluster pulls.
func newImages(t *terminal, project *string) *cobra.Command {
	c := &cobra.Command{
		Use:   "images [ENV...]",
		Short: "List the container images that the platform's own pods run",
		Long: `List the container images that the platform's own pods run in the given environments (default: all), and where the nodes
pull them from (imageRegistries). These are what a mirror must hold before a cluster without internet access comes up.
An image without a tag has the one of its Helm chart. The add-ons' images are not listed: EKS pulls those from the
region's ECR. Needs neither a cloud nor Pulumi.

` + exitCodes,
		RunE: func(_ *cobra.Command, args []string) error {
			e, err := stacks.LoadEstate(*project)
			if err != nil {
				return invalid(err)
			}
			names := e.Names()
			for _, a := range args {
				if !slices.Contains(names, a) {
					return invalid(fmt.Errorf("there is no environment %q: there are %s", a, strings.Join(names, ", ")))
				}
			}
			order := deployorder.Of(e)
			if len(args) == 0 {
				args = order
			}
			return t.images(e, deployorder.Sort(order, args))
		},
	}
	t.jsonFlag(c)
	return c
}

func (t *terminal) images(e *stacks.Estate, names []string) error {
	type environment struct {
		Environment string         `json:"environment"`
		Images      []stacks.Image `json:"images"`
	}
	all := []environment{}
	w := newTable()
	w.AppendHeader(table.Row{"Environment", "Service", "Image", "Pulled from"})
	for _, name := range names {
		images := e.Images(name)
		all = append(all, environment{name, images})
		for _, i := range images {
			from := "there"
			if i.Pulled != i.Name {
				from = i.Pulled
			}
			w.AppendRow(table.Row{name, i.Service, i.Name, from})
		}
	}
	if t.asJSON {
		return t.json(map[string]any{"version": 1, "environments": all})
	}
	t.print("%s\n", w.Render())
	return nil
}
