package automation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/eks-platform/eks-platform/automation/state/lease"
	"github.com/eks-platform/eks-platform/automation/state/statestore"
)

// beside is what is kept beside the state of one stack: its lease, its history, and Pulumi's own locks.
type beside struct {
	stack statestore.Stack
	// store is nil in backends that have none; without then says why, and what stands in for it.
	store   statestore.Store
	without string
}

// beside opens the store beside a stack's state. It sends no request to the store.
func (p *Platform) beside(ctx context.Context, stack string) (*beside, error) {
	project, err := p.project()
	if err != nil {
		return nil, err
	}
	b := &beside{stack: statestore.Stack{Project: project, Name: stack}}
	if err := b.stack.Check(); err != nil {
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
	switch scheme, _, _ := strings.Cut(backend, "://"); scheme {
	case "s3", "file":
		if b.store, err = statestore.Open(ctx, backend); err != nil {
			return nil, &Error{Kind: ErrEngine, Stack: stack, Messages: []string{err.Error()}}
		}
	case "https", "http":
		b.without = "the stack has no lease and no history of deploys beside its state: Pulumi Cloud locks it, and keeps the history of updates, by itself"
	default:
		b.without = fmt.Sprintf("the stack has no lease and no history of deploys beside its state: they are kept in s3:// and file:// "+
			"backends, not in %s://; Pulumi's own lock is all there is", scheme)
	}
	return b, nil
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

// where says where the store is, without what a URL can hold of credentials.
func (b *beside) where() string {
	if b.store == nil {
		return ""
	}
	text := b.store.String()
	if u, err := url.Parse(text); err == nil {
		return u.Redacted()
	}
	return text
}

// thisHolder completes who acts with what this machine knows.
func thisHolder(by lease.Holder) lease.Holder {
	if by.Actor == "" {
		by.Actor = "somebody"
		if u, err := user.Current(); err == nil && u.Username != "" {
			by.Actor = u.Username
		}
	}
	if by.Host == "" {
		by.Host, _ = os.Hostname()
	}
	return by
}

// heldError is a lease that somebody else holds, with what can be done about it.
func heldError(op Operation, stack string, held *lease.HeldError) *Error {
	todo := "wait for it (--wait 10m)"
	if held.Record.Dead != "" {
		todo = fmt.Sprintf("break it with: platform repair %s, or deploy with --repair", stack)
	}
	return &Error{Kind: ErrLocked, Operation: op, Stack: stack, Messages: []string{held.Error() + "; " + todo}, cause: held}
}

// Lease returns the lease of a stack, lease.ErrNotHeld when nobody has it, and ErrNoStore where leases are not kept. It
// writes nothing.
func (p *Platform) Lease(ctx context.Context, stack string) (*lease.Record, error) {
	b, err := p.store(ctx, stack)
	if err != nil {
		return nil, err
	}
	return lease.Read(ctx, b.store, b.stack)
}

// BreakLease removes the lease of a stack: see lease.Break for when that is allowed.
func (p *Platform) BreakLease(ctx context.Context, stack string, o lease.BreakOptions) (*lease.Broken, error) {
	b, err := p.store(ctx, stack)
	if err != nil {
		return nil, err
	}
	o.By = thisHolder(o.By)
	broken, err := lease.Break(ctx, b.store, b.stack, o)
	var held *lease.HeldError
	if errors.As(err, &held) {
		return nil, &Error{Kind: ErrLocked, Stack: stack, Messages: []string{err.Error()}, cause: err}
	}
	return broken, err
}

// ErrNoStore: the backend keeps neither leases nor a history of deploys.
var ErrNoStore = errors.New("nothing is kept beside the state")

// store is beside for what cannot do without the store.
func (p *Platform) store(ctx context.Context, stack string) (*beside, error) {
	if err := p.Check(stack); err != nil {
		return nil, err
	}
	b, err := p.beside(ctx, stack)
	if err != nil {
		return nil, err
	}
	if b.store == nil {
		return nil, &Error{Kind: ErrNoStore, Stack: stack, Messages: []string{b.without}}
	}
	return b, nil
}
