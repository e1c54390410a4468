package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/spf13/cobra"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/rehearsal"
	"github.com/eks-platform/eks-platform/internal/spelling"
	"github.com/eks-platform/eks-platform/stacks"
)

// newRehearsal returns the commands that look at a kept rehearsal's cloud and change it by hand.
func newRehearsal(t *terminal, project *string) *cobra.Command {
	c := &cobra.Command{
		Use:   "rehearsal",
		Short: "Look at a rehearsal's cloud, and change it by hand",
		Long: `Look at the cloud of a rehearsal that was kept, and change it as somebody in the console would, behind Pulumi's back.
"platform drift" and a preview with --refresh then find the difference:

  platform rehearse --keep --dir /tmp/r
  platform rehearsal show dev --dir /tmp/r
  platform rehearsal edit dev dev-spot-nodes scalingConfig.maxSize=20 --dir /tmp/r
  platform rehearsal delete dev nonprod-metrics-server --dir /tmp/r
  platform drift dev --cloud rehearsal --dir /tmp/r
  platform deploy dev --refresh --cloud rehearsal --dir /tmp/r

A resource is named by its name, by 'TYPE NAME', or by its URN.`,
		Args: func(c *cobra.Command, args []string) error {
			return usage(c, errors.New("expected show, edit or delete"))
		},
		RunE: func(*cobra.Command, []string) error { return nil },
	}
	add := func(use, short string, least, most int, what string, run func(*hand, context.Context, []string) error) {
		o := &target{cloud: "rehearsal", reads: true}
		one := &cobra.Command{
			Use: use, Short: short, Long: short + ".\n\n" + exitCodes,
			Args: func(c *cobra.Command, args []string) error {
				if len(args) < least || most >= 0 && len(args) > most {
					return usage(c, fmt.Errorf("expected %s", what))
				}
				return nil
			},
			RunE: func(c *cobra.Command, args []string) error {
				h, done, err := o.hand(c, t, *project, args[0])
				if err != nil {
					return err
				}
				defer done()
				return run(h, c.Context(), args[1:])
			},
		}
		one.Flags().StringVar(&o.dir, "dir", "", "where the rehearsal lies (default: the user's cache directory)")
		t.jsonFlag(one)
		c.AddCommand(one)
	}
	add("show ENV [RESOURCE]", "List what an environment has in the rehearsal's cloud, or print one resource's properties", 1, 2,
		"the name of one environment, and at most one resource", (*hand).show)
	add("edit ENV RESOURCE PROPERTY=VALUE...", "Change properties of a resource; an empty value removes the property", 3, -1,
		"the name of one environment, a resource, and properties with their values, such as tags.team=payments", (*hand).edit)
	add("delete ENV RESOURCE", "Delete a resource", 2, 2, "the name of one environment and a resource", (*hand).remove)
	return c
}

// hand is somebody who works on one environment's part of a rehearsal's cloud.
type hand struct {
	t     *terminal
	cloud *rehearsal.Rehearsal
	p     *automation.Platform
	env   string
	// account is where the environment is.
	account string
}

// hand opens a rehearsal for somebody who works on its cloud.
func (o *target) hand(c *cobra.Command, t *terminal, project, env string) (*hand, func(), error) {
	e, err := stacks.LoadEstate(project)
	if err != nil {
		return nil, nil, invalid(err)
	}
	if !slices.Contains(e.Names(), env) {
		return nil, nil, invalid(fmt.Errorf("there is no environment %q: there are %s", env, strings.Join(e.Names(), ", ")))
	}
	p, done, err := o.open(c, t, project)
	if err != nil {
		return nil, nil, err
	}
	return &hand{t: t, cloud: o.opened, p: p, env: env, account: e.Config(env).AWS.AccountID}, done, nil
}

// resources returns what the environment's state has in the cloud.
func (h *hand) resources(ctx context.Context) ([]apitype.ResourceV3, error) {
	exported, err := h.p.Export(ctx, h.env)
	if err != nil {
		return nil, err
	}
	state, err := automation.Decode(exported)
	if err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(state.Resources, func(r apitype.ResourceV3) bool {
		return !r.Custom || r.External || r.Delete || !plan.InCloud(string(r.Type))
	})
	if len(all) == 0 {
		return nil, &automation.Error{Kind: automation.ErrNoStack, Stack: h.env, Messages: []string{"it is not up in this rehearsal"}}
	}
	return all, nil
}

// resource finds one by its name, its type and name, or its URN.
func (h *hand) resource(ctx context.Context, name string) (rehearsal.Existing, error) {
	all, err := h.resources(ctx)
	if err != nil {
		return rehearsal.Existing{}, err
	}
	var found []apitype.ResourceV3
	var names []string
	for _, r := range all {
		names = append(names, r.URN.Name())
		if name == r.URN.Name() || name == string(r.Type)+" "+r.URN.Name() || name == string(r.URN) {
			found = append(found, r)
		}
	}
	switch len(found) {
	case 1:
		r := found[0]
		return rehearsal.Existing{Object: rehearsal.Object{Type: string(r.Type), ID: string(r.ID)}, AccountID: h.account}, nil
	case 0:
		hint := "platform rehearsal show " + h.env + " lists them"
		if best := spelling.Nearest(name, names); best != "" {
			hint = fmt.Sprintf("did you mean %s?", best)
		}
		return rehearsal.Existing{}, usage(nil, fmt.Errorf("there is no resource %q in %s; %s", name, h.env, hint))
	}
	var choices []string
	for _, r := range found {
		choices = append(choices, quoted(string(r.Type)+" "+r.URN.Name()))
	}
	return rehearsal.Existing{}, usage(nil, fmt.Errorf("%q is the name of several resources: name one of %s", name, strings.Join(choices, ", ")))
}

func (h *hand) show(ctx context.Context, args []string) error {
	if len(args) == 0 {
		all, err := h.resources(ctx)
		if err != nil {
			return err
		}
		type row struct {
			Type string `json:"type"`
			Name string `json:"name"`
			ID   string `json:"id"`
		}
		rows := []row{}
		for _, r := range all {
			rows = append(rows, row{string(r.Type), r.URN.Name(), string(r.ID)})
		}
		if h.t.asJSON {
			return h.t.json(map[string]any{"environment": h.env, "resources": rows})
		}
		for _, r := range rows {
			h.t.print("%s %s (%s)\n", r.Type, r.Name, r.ID)
		}
		return nil
	}
	of, err := h.resource(ctx, args[0])
	if err != nil {
		return err
	}
	properties, err := h.cloud.Properties(of)
	if err != nil {
		return err
	}
	if h.t.asJSON {
		return h.t.json(map[string]any{"environment": h.env, "type": of.Type, "id": of.ID, "properties": properties})
	}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		h.t.print("%s: %s\n", name, plan.Mask(compactJSON(properties[name])))
	}
	return nil
}

func (h *hand) edit(ctx context.Context, args []string) error {
	changes := map[string]any{}
	for _, text := range args[1:] {
		path, value, ok := strings.Cut(text, "=")
		if !ok || path == "" {
			return usage(nil, fmt.Errorf("expected PROPERTY=VALUE, got %q", text))
		}
		changes[path] = valueOf(value)
	}
	of, err := h.resource(ctx, args[0])
	if err != nil {
		return err
	}
	if err := h.cloud.Edit(of, changes); err != nil {
		return usage(nil, err)
	}
	return h.done("edited", of)
}

func (h *hand) remove(ctx context.Context, args []string) error {
	of, err := h.resource(ctx, args[0])
	if err != nil {
		return err
	}
	if err := h.cloud.Delete(of); err != nil {
		return err
	}
	return h.done("deleted", of)
}

func (h *hand) done(what string, of rehearsal.Existing) error {
	if h.t.asJSON {
		return h.t.json(map[string]any{"environment": h.env, "done": what, "type": of.Type, "id": of.ID})
	}
	h.t.print("%s %s %s\n", what, of.Type, of.ID)
	h.t.note(fmt.Sprintf("to find it: platform drift %s --cloud rehearsal --dir %s", h.env, word(h.cloud.Dir())))
	return nil
}

// valueOf reads a property's value: JSON where it is any, a text otherwise, and nothing for an empty one.
func valueOf(text string) any {
	if text == "" {
		return nil
	}
	var v any
	if json.Unmarshal([]byte(text), &v) == nil {
		return v
	}
	return text
}

func compactJSON(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(raw)
}
