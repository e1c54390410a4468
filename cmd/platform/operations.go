package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/plural"
)

// operationFlags are the flags of an operation on one environment.
type operationFlags struct {
	target
	yes, refresh, create, unprotect, awsOnly bool
	parallel                                 int
}

// awsOnlyHelp says what --aws-only is for.
const awsOnlyHelp = "leave out what is inside the cluster, and so need no access to its API (for a private endpoint, from outside)"

// preview returns the preview options that the flags ask for.
func (o *operationFlags) preview(observe func(plan.Event)) automation.PreviewOptions {
	return automation.PreviewOptions{OnEvent: observe, Refresh: o.refresh, Create: o.create, AWSOnly: o.awsOnly, Parallel: o.parallel, UpNext: true}
}

// newOperations returns the commands on one environment.
func newOperations(t *terminal, project *string) []*cobra.Command {
	var out []*cobra.Command
	add := func(use, short, long string, flags func(*cobra.Command, *operationFlags), run func(context.Context, *terminal, *automation.Platform, string, *operationFlags) error) {
		o := &operationFlags{target: target{reads: use != "up"}}
		c := &cobra.Command{
			Use: use + " ENV", Short: short, Long: long + "\n\n" + exitCodes, Args: exactly(1, "the name of one environment"),
			RunE: func(c *cobra.Command, args []string) error {
				p, done, err := o.open(c, t, *project)
				if err != nil {
					return err
				}
				defer done()
				return run(c.Context(), t, p, args[0], o)
			},
		}
		o.target.flags(c)
		t.jsonFlag(c)
		flags(c, o)
		out = append(out, c)
	}
	parallel := func(c *cobra.Command, o *operationFlags) {
		c.Flags().IntVar(&o.parallel, "parallel", 0, "number of parallel resource operations (default: Pulumi's, four per CPU)")
	}
	awsOnly := func(c *cobra.Command, o *operationFlags) {
		c.Flags().BoolVar(&o.awsOnly, "aws-only", false, awsOnlyHelp)
	}
	add("up", "Create or update an environment as its stack file says",
		"Create or update an environment as its stack file says. On aws it first shows the changes and asks for confirmation.",
		func(c *cobra.Command, o *operationFlags) {
			parallel(c, o)
			awsOnly(c, o)
			c.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask for confirmation")
			c.Flags().BoolVar(&o.refresh, "refresh", false, "refresh the state from the cloud first")
			c.Flags().BoolVar(&o.create, "create", false, "create the stack if it does not exist")
		}, up)
	add("refresh", "Update the state from the cloud",
		"Update the state from the cloud, and show what has changed there. The cloud is not changed.",
		func(c *cobra.Command, o *operationFlags) {
			parallel(c, o)
			awsOnly(c, o)
		}, refresh)
	add("destroy", "Delete everything that an environment owns",
		"Delete everything that an environment owns. On aws it first shows what would be deleted and asks for confirmation.",
		func(c *cobra.Command, o *operationFlags) {
			parallel(c, o)
			c.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask for confirmation")
			c.Flags().BoolVar(&o.unprotect, "unprotect", false, "also destroy protected resources")
		}, destroy)
	return out
}

func up(ctx context.Context, t *terminal, p *automation.Platform, env string, o *operationFlags) error {
	total := 0
	if o.cloud == "aws" && !o.yes {
		w := newWatch(t, env, "preview")
		plan, err := p.Preview(ctx, env, o.preview(w.event))
		w.end()
		if err != nil {
			return err
		}
		showResult(t.err, plan, nil)
		if plan.Empty() && !o.refresh {
			return report(t, plan, nil)
		}
		total = plan.Resources()
		if err := ask(ctx, t, fmt.Sprintf("This changes %s on AWS.", env), env); err != nil {
			return err
		}
	}
	w := newWatch(t, env, "up")
	w.total = total
	r, err := p.Up(ctx, env, automation.UpOptions{OnEvent: w.event, Refresh: o.refresh, Create: o.create, AWSOnly: o.awsOnly, Parallel: o.parallel})
	return finish(t, w, r, err)
}

func refresh(ctx context.Context, t *terminal, p *automation.Platform, env string, o *operationFlags) error {
	w := newWatch(t, env, "refresh")
	r, err := p.Refresh(ctx, env, automation.RefreshOptions{OnEvent: w.event, AWSOnly: o.awsOnly, Parallel: o.parallel})
	return finish(t, w, r, err)
}

func destroy(ctx context.Context, t *terminal, p *automation.Platform, env string, o *operationFlags) error {
	total := 0
	if o.cloud == "aws" && !o.yes {
		plan, err := p.PreviewDestroy(ctx, env)
		if err != nil {
			return err
		}
		showResult(t.err, plan, nil)
		total = plan.Resources()
		if err := ask(ctx, t, fmt.Sprintf("This destroys %s on AWS: %s.", env, plural.Of(total, "resource")), env); err != nil {
			return err
		}
	}
	w := newWatch(t, env, "destroy")
	w.total = total
	r, err := p.Destroy(ctx, env, automation.DestroyOptions{OnEvent: w.event, Unprotect: o.unprotect, Parallel: o.parallel})
	return finish(t, w, r, err)
}

// newOutputs returns the command that prints what an environment publishes.
func newOutputs(t *terminal, project *string) *cobra.Command {
	o := &target{reads: true}
	c := &cobra.Command{
		Use:   "outputs ENV [OUTPUT]",
		Short: "Print the outputs of an environment",
		Long: `Print what an environment publishes, all of it or one output: its path, such as contract.cluster.name, or its last
name, such as kubeconfig, where there is only one of that name. A text is printed as it is:

  platform outputs dev kubeconfig > dev.kubeconfig

Secrets are neither printed nor read.

` + exitCodes,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usage(c, fmt.Errorf("expected the name of one environment, and at most one output, got %s", plural.Of(len(args), "argument")))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			p, done, err := o.open(c, t, *project)
			if err != nil {
				return err
			}
			defer done()
			return outputs(c.Context(), t, p, args[0], args[1:])
		},
	}
	o.flags(c)
	t.jsonFlag(c)
	return c
}

func outputs(ctx context.Context, t *terminal, p *automation.Platform, env string, names []string) error {
	out, err := p.Outputs(ctx, env)
	if err != nil {
		return err
	}
	if len(names) == 1 {
		value, err := output(out, names[0])
		if err != nil {
			return usage(nil, err)
		}
		if t.asJSON {
			return t.json(map[string]any{"environment": env, "output": names[0], "value": value})
		}
		t.print("%s\n", strings.TrimRight(indentedJSON(value), "\n"))
		return nil
	}
	if t.asJSON {
		// The document is the outputs themselves, whose contract has a version of its own.
		t.told = true
		t.print("%s\n", indentedJSON(out))
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(out)) {
		t.print("%s: %s\n", name, indentedJSON(out[name]))
	}
	return nil
}

// output finds one output, by its path or, where there is only one of that name, by its last name.
func output(all map[string]any, name string) (any, error) {
	found := map[string]any{}
	walk("", all, func(path string, value any) {
		if path == name || !strings.Contains(name, ".") && strings.HasSuffix(path, "."+name) {
			found[path] = value
		}
	})
	if exact, ok := found[name]; ok {
		return exact, nil
	}
	paths := slices.Sorted(maps.Keys(found))
	switch len(paths) {
	case 1:
		return found[paths[0]], nil
	case 0:
		walk("", all, func(path string, value any) { found[path] = value })
		return nil, fmt.Errorf("there is no output %q; there are %s", name, strings.Join(slices.Sorted(maps.Keys(found)), ", "))
	}
	return nil, fmt.Errorf("%q is the name of several outputs: give the path of one, %s", name, strings.Join(paths[:len(paths)-1], ", ")+" and "+paths[len(paths)-1])
}

// walk visits every value below an object, with its path.
func walk(at string, v any, visit func(path string, value any)) {
	below := func(key string, value any) {
		path := strings.TrimPrefix(at+"."+key, ".")
		visit(path, value)
		walk(path, value, visit)
	}
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			below(key, value)
		}
	case []any:
		for i, value := range v {
			below(strconv.Itoa(i), value)
		}
	}
}

// ask asks a person for confirmation. Without a terminal to answer on, the answer is no.
func ask(ctx context.Context, t *terminal, question, env string) error {
	refused := &automation.Error{Kind: automation.ErrRefused, Stack: env}
	if !t.asks {
		refused.Messages = []string{"there is no terminal to confirm it on; to confirm it in advance: --yes"}
		return refused
	}
	if !t.confirm(ctx, question, env) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		refused.Messages = []string{"not confirmed; nothing was changed"}
		return refused
	}
	return nil
}

// finish shows the result of an operation, even of a failed one.
func finish(t *terminal, w *watch, r *plan.Result, err error) error {
	w.end()
	if r != nil {
		if shown := report(t, r, err); err == nil {
			err = shown
		}
	}
	return err
}

func report(t *terminal, r *plan.Result, err error) error {
	if t.asJSON {
		return t.json(struct {
			*plan.Result
			failure
		}{r, failureOf(err)})
	}
	showResult(t.out, r, err)
	return nil
}
