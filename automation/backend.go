package automation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"go.yaml.in/yaml/v3"

	"github.com/eks-platform/eks-platform/automation/state"
	"github.com/eks-platform/eks-platform/automation/state/history"
	"github.com/eks-platform/eks-platform/automation/state/lease"
	"github.com/eks-platform/eks-platform/automation/state/statestore"
)

// StateBackend opens the store of leases and history beside a stack's state. It sends no request to the store.
func (p *Platform) StateBackend(ctx context.Context, stack string) (*state.Backend, error) {
	project, err := p.project()
	if err != nil {
		return nil, err
	}
	name := statestore.Stack{Project: project, Name: stack}
	if err := name.Check(); err != nil {
		return nil, &Error{Kind: ErrInvalid, Stack: stack, Messages: []string{err.Error()}}
	}
	backend, err := p.cloud.Backend()
	if err != nil {
		return nil, err
	}
	if backend == "" {
		if backend, err = p.loggedIn(ctx); err != nil {
			return nil, err
		}
	}
	b, err := state.Open(ctx, name, backend)
	if err != nil {
		return nil, &Error{Kind: ErrEngine, Stack: stack, Messages: []string{err.Error()}, Cause: err}
	}
	return b, nil
}

// stored returns a stack's state as the backend keeps it, and nil where only the CLI can tell, which then also reports what
// went wrong here.
func (p *Platform) stored(ctx context.Context, stack string) *apitype.UntypedDeployment {
	b, err := p.StateBackend(ctx, stack)
	if err != nil {
		return nil
	}
	d, err := b.Deployment(ctx)
	if err != nil {
		return nil
	}
	return d
}

// exists reports whether the backend has a state of a stack; if not, the CLI has to be asked.
func (p *Platform) exists(ctx context.Context, stack string) bool {
	b, err := p.StateBackend(ctx, stack)
	if err != nil {
		return false
	}
	found, err := b.Exists(ctx)
	return err == nil && found
}

// project reads the project's name.
func (p *Platform) project() (string, error) {
	raw, err := os.ReadFile(filepath.Join(p.dir, projectFile))
	if err != nil {
		return "", fmt.Errorf("read the project file: %w", err)
	}
	var project struct {
		Name string `yaml:"name"`
	}
	if err := yaml.Unmarshal(raw, &project); err != nil {
		return "", &Error{Kind: ErrInvalid, Messages: []string{fmt.Sprintf("%s: %v", projectFile, err)}}
	}
	return project.Name, nil
}

// loggedIn asks the CLI for the URL of the backend that it is logged in to.
func (p *Platform) loggedIn(ctx context.Context) (string, error) {
	p.login.Lock()
	defer p.login.Unlock()
	if p.backend != "" {
		return p.backend, nil
	}
	cli, err := p.Command(ctx)
	if err != nil {
		return "", err
	}
	stdout, stderr, _, err := cli.Run(ctx, p.dir, nil, nil, nil, []string{"PULUMI_SKIP_UPDATE_CHECK=true"}, "whoami", "--json")
	if err != nil {
		return "", classify(ctx, &attempt{operation: "whoami", stdout: stdout, stderr: stderr, err: err})
	}
	var me struct {
		URL string `json:"url"`
	}
	if err := json.Unmarshal([]byte(stdout), &me); err != nil || me.URL == "" {
		return "", &Error{Kind: ErrEngine, Messages: []string{"the Pulumi CLI does not say which backend it is logged in to: set PULUMI_BACKEND_URL"}}
	}
	p.backend = me.URL
	return me.URL, nil
}

// Lease returns the lease of a stack, lease.ErrNotHeld if it is free, and ErrNoStore if the backend keeps no leases. It
// writes nothing.
func (p *Platform) Lease(ctx context.Context, stack string) (*lease.Record, error) {
	b, err := p.kept(ctx, stack)
	if err != nil {
		return nil, err
	}
	r, err := lease.Read(ctx, b.Store, b.Stack)
	if errors.Is(err, lease.ErrUnreadable) {
		return nil, Failure(ctx, err, "", stack)
	}
	return r, err
}

// BreakLease removes the lease of a stack: see lease.Break for when that is allowed.
func (p *Platform) BreakLease(ctx context.Context, stack string, o lease.BreakOptions) (*lease.Broken, error) {
	b, err := p.kept(ctx, stack)
	if err != nil {
		return nil, err
	}
	o.By = o.By.OnThisMachine()
	broken, err := lease.Break(ctx, b.Store, b.Stack, o)
	var held *lease.HeldError
	if errors.As(err, &held) {
		return nil, &Error{Kind: ErrLocked, Stack: stack, Messages: []string{err.Error()}, Cause: err}
	}
	if errors.Is(err, lease.ErrUnreadable) {
		return nil, Failure(ctx, err, "", stack)
	}
	return broken, err
}

// ErrNoStore means that the backend keeps neither leases nor a history of deploys.
var ErrNoStore = errors.New("nothing is kept beside the state")

// kept is StateBackend for callers that need the store.
func (p *Platform) kept(ctx context.Context, stack string) (*state.Backend, error) {
	if _, err := p.Reach(stack); err != nil {
		return nil, err
	}
	b, err := p.StateBackend(ctx, stack)
	if err != nil {
		return nil, err
	}
	if b.Store == nil {
		return nil, &Error{Kind: ErrNoStore, Stack: stack, Messages: []string{b.Without}}
	}
	return b, nil
}

// History returns the newest deploys of a stack, at most limit of them; 0 returns all. If the backend keeps no history, the
// error is an ErrNoStore.
func (p *Platform) History(ctx context.Context, stack string, limit int) (*history.History, error) {
	b, err := p.kept(ctx, stack)
	if err != nil {
		return nil, err
	}
	return history.List(ctx, b.Store, b.Stack, limit)
}
