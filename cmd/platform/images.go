package main

import (
	"fmt"
	"slices"
	"strings"

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
	for _, name := range names {
		all = append(all, environment{name, e.Images(name)})
	}
	if t.asJSON {
		return t.json(map[string]any{"environments": all})
	}
	// No table: names of images are long, and are there to be copied.
	for _, one := range all {
		service := ""
		for _, i := range one.Images {
			if i.Service != service {
				service = i.Service
				t.print("%s, %s\n", one.Environment, service)
			}
			t.print("  %s\n", i.Name)
			if i.Pulled != i.Name {
				t.print("    from %s\n", i.Pulled)
			}
		}
	}
	return nil
}
