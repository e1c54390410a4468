package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/stacks"
)

// newPlanNetwork returns the command that prints the network plan.
func newPlanNetwork(t *terminal, project *string) *cobra.Command {
	c := &cobra.Command{
		Use:   "plan-network ENV",
		Short: "Print the CIDR plan and the IP budget of an environment",
		Long: `Print how the VPC of an environment is divided into subnets, and how many addresses the node groups of all environments
on its cluster need at full scale. Needs neither a cloud nor Pulumi.`,
		Args: exactly(1, "the name of one environment"),
		RunE: func(_ *cobra.Command, args []string) error {
			e, err := stacks.LoadEstate(*project)
			if err != nil {
				return invalid(err)
			}
			if !slices.Contains(e.Names(), args[0]) {
				return invalid(fmt.Errorf("there is no environment %q: there are %s", args[0], strings.Join(e.Names(), ", ")))
			}
			plan, err := e.NetworkPlan(args[0])
			if err != nil {
				return invalid(err)
			}
			if t.asJSON {
				return t.json(struct {
					Environment string `json:"environment"`
					stacks.NetworkPlan
				}{args[0], plan})
			}
			showNetwork(t, args[0], plan)
			return nil
		},
	}
	t.jsonFlag(c)
	return c
}

// invalid turns a problem of the configuration into an error with exit code 2.
func invalid(err error) error {
	e := &automation.Error{Kind: automation.ErrInvalid}
	var list *problem.Error
	if errors.As(err, &list) {
		for _, p := range list.Problems {
			e.Messages = append(e.Messages, p.Error())
		}
		return e
	}
	e.Messages = []string{err.Error()}
	return e
}

func showNetwork(t *terminal, env string, p stacks.NetworkPlan) {
	t.print("Network of %s: %s", env, p.Plan.VPC)
	if p.Plan.CustomNetworking() {
		t.print(", pods in %s", p.Plan.Secondary)
	}
	t.print("\n\n")
	w := newTable()
	w.AppendHeader(table.Row{"Zone", "Tier", "CIDR", "Usable addresses"})
	for _, r := range p.Plan.Rows {
		w.AppendRow(table.Row{r.Zone, r.Tier, r.CIDR, r.Usable})
	}
	t.print("%s\n", fit(w, nil))
	if len(p.Plan.Spare) > 0 {
		spare := make([]string, len(p.Plan.Spare))
		for i, s := range p.Plan.Spare {
			spare[i] = s.String()
		}
		t.print("Spare: %s\n", strings.Join(spare, ", "))
	}
	t.print("\nIP budget, with all node groups of %s at full scale\n\n", strings.Join(p.Environments, ", "))
	w = newTable()
	w.AppendHeader(table.Row{"Zone", "Tier", "Addresses", "Needed", "/28 prefixes", "Needed"})
	for _, r := range p.Budget {
		w.AppendRow(table.Row{r.Zone, r.Tier, r.Addresses, r.AddressesNeeded, r.Prefixes, r.PrefixesNeeded})
	}
	t.print("%s\n", fit(w, nil))
}

// columns is how wide the tables are at most: as wide as a terminal.
const columns = 80

// fit renders a table. Where it is too wide, it breaks the texts of some columns, the widest first.
func fit(w table.Writer, config []table.ColumnConfig, breakable ...int) string {
	w.SuppressTrailingSpaces()
	w.SetColumnConfigs(config)
	out := w.Render()
	for most := columns; text.LongestLineLen(out) > columns && most > narrowest; most -= 2 {
		bounded := slices.Clone(config)
		for _, number := range breakable {
			i := slices.IndexFunc(bounded, func(c table.ColumnConfig) bool { return c.Number == number })
			if i < 0 {
				i, bounded = len(bounded), append(bounded, table.ColumnConfig{Number: number})
			}
			bounded[i].WidthMax, bounded[i].WidthMaxEnforcer = most, text.WrapSoft
		}
		w.SetColumnConfigs(bounded)
		out = w.Render()
	}
	return out
}

// narrowest is how wide a column stays whatever is in it.
const narrowest = 14

// newTable returns an empty table in the command's style: columns, and a line under the header.
func newTable() table.Writer {
	w := table.NewWriter()
	s := table.StyleLight
	s.Options = table.Options{SeparateHeader: true}
	s.Format.Header = 0
	w.SetStyle(s)
	return w
}
