package automation

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"

	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/state"
	"github.com/eks-platform/eks-platform/internal/datakey"
	"github.com/eks-platform/eks-platform/internal/facts"
	"github.com/eks-platform/eks-platform/internal/stackfile"
	"github.com/eks-platform/eks-platform/stacks"
)

// FindTagged looks in the cloud for the resources that interrupted operations were to create, by their tags, and returns
// the IDs of those that have them, in the order of the operations. Their remedy must be state.RemedyFind. It asks with the
// stack's own provider, in the preview of a stack that exists only for that. AWS's index of tags lags behind: what is not
// found there is asked for again for a while.
func (p *Platform) FindTagged(ctx context.Context, stack string, operations []state.PendingOperation) ([][]string, error) {
	var kinds []string
	var tags []map[string]string
	for _, o := range operations {
		kinds, tags = append(kinds, facts.Tagged[o.Type]), append(tags, o.Tags)
	}
	for again := 2; ; again-- {
		ids, err := p.tagged(ctx, stack, kinds, tags)
		missing := slices.ContainsFunc(ids, func(of []string) bool { return len(of) == 0 })
		if err != nil || !missing || again == 0 || p.cloud != AWS {
			return ids, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(indexLag):
		}
	}
}

// indexLag is the pause before AWS is asked again.
const indexLag = 20 * time.Second

// tagged returns the IDs of the resources of kinds that have tags.
func (p *Platform) tagged(ctx context.Context, stack string, kinds []string, tags []map[string]string) ([][]string, error) {
	ids := make([][]string, len(kinds))
	program := stacks.Tagged(kinds, tags, func(query int, arns []string) {
		for _, arn := range arns {
			ids[query] = append(ids[query], arn[strings.LastIndexAny(arn, ":/")+1:])
		}
	})
	dir, err := os.MkdirTemp("", "eks-platform-find-")
	if err != nil {
		return nil, fmt.Errorf("create a directory for a preview: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := stackfile.CopyProject(p.dir, dir); err != nil {
		return nil, err
	}
	if err := stackfile.Copy(p.dir, dir, stack); err != nil {
		return nil, err
	}
	secrets, err := datakey.Serve(ctx)
	if err != nil {
		return nil, err
	}
	defer secrets.Close()
	command, s, err := p.attach(ctx, stack)
	if err != nil {
		return nil, err
	}
	defer s.close()
	env := maps.Clone(s.Env)
	maps.Copy(env, secrets.Env())
	env["PULUMI_BACKEND_URL"] = "file://" + dir
	w, err := auto.NewLocalWorkspace(ctx, auto.WorkDir(dir), auto.Program(program), auto.Pulumi(withoutHistory{command}),
		auto.PulumiHome(s.Home), auto.EnvVars(env))
	if err != nil {
		return nil, fmt.Errorf("open workspace: %w", err)
	}
	preview, err := auto.NewStack(ctx, stack, w)
	if err != nil {
		return nil, fmt.Errorf("make a stack for a preview: %w", err)
	}
	var stdout, stderr strings.Builder
	_, err = preview.Preview(ctx, optpreview.ProgressStreams(&stdout), optpreview.ErrorProgressStreams(&stderr),
		optpreview.Color(colour), optpreview.SuppressProgress())
	if err != nil {
		return nil, classify(ctx, &attempt{operation: plan.OpPreview, stack: stack, stdout: stdout.String(), stderr: stderr.String(), err: err})
	}
	return ids, nil
}
