package automation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"

	"github.com/eks-platform/eks-platform/internal/rehearsal"
)

// Rehearsal is a cloud on this machine: providers inside the process, and everything that exists, the state of the
// stacks included, in one directory. It needs no credentials and no network, and touches neither the checkout nor the
// person's own Pulumi settings. One process can have a directory open at a time. Close it after use.
type Rehearsal struct {
	dir     string
	serve   func(ctx context.Context) (endpoint, error)
	closing func() error

	cloud *rehearsal.Cloud // nil in tests with providers of their own

	stateAtEnd bool

	mu     sync.Mutex
	stacks map[string]bool // that are known to exist: nobody else makes or removes any
}

// RehearsalOptions configures a Rehearsal.
type RehearsalOptions struct {
	// Dir is where everything lies: the cloud, the stacks' state, working files. Made when it does not exist. Required.
	Dir string
	// Latency says how long the cloud takes for an operation; nil for no time at all.
	Latency rehearsal.Latency
	// Faults go wrong on purpose.
	Faults []rehearsal.Fault
	// StateAtEnd writes a stack's state when an operation ends, failed or not, instead of after every step, which costs
	// more than everything else. An engine that is killed leaves the state as it was before.
	StateAtEnd bool
}

// OpenRehearsal opens the rehearsal in a directory, with everything that an earlier one left there.
func OpenRehearsal(o RehearsalOptions) (*Rehearsal, error) {
	dir, err := filepath.Abs(o.Dir)
	if o.Dir == "" || err != nil {
		return nil, errors.New("open rehearsal: a directory is required")
	}
	cloud, err := rehearsal.Open(rehearsal.Options{Dir: dir, Latency: o.Latency, Faults: o.Faults})
	if err != nil {
		return nil, err
	}
	return &Rehearsal{
		dir: dir, cloud: cloud, closing: cloud.Close, stateAtEnd: o.StateAtEnd,
		serve: func(ctx context.Context) (endpoint, error) { return cloud.Serve(ctx) },
	}, nil
}

// Cloud is what the rehearsal's providers work on: what exists in it, and when what was done.
func (r *Rehearsal) Cloud() *rehearsal.Cloud { return r.cloud }

// endpoint are the providers of one engine run.
type endpoint interface {
	// Env tells the engine where the providers listen.
	Env() map[string]string
	Close()
}

// passphrase protects nothing: a rehearsal holds no secret.
const passphrase = "rehearsal"

// Dir is where the rehearsal's state lies.
func (r *Rehearsal) Dir() string { return r.dir }

// Close ends the rehearsal; what exists in it stays on disk.
func (r *Rehearsal) Close() error { return r.closing() }

// attach copies the project's stack files to a place where the CLI may write to them, and starts the providers.
func (r *Rehearsal) attach(ctx context.Context, projectDir, stack string) (*session, error) {
	work := filepath.Join(r.dir, "work", stack)
	home := filepath.Join(r.dir, "home")
	for _, dir := range []string{work, home} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("make a place for the rehearsal: %w", err)
		}
	}
	if err := errors.Join(copyProject(projectDir, work), copyStackFile(projectDir, work, stack)); err != nil {
		return nil, err
	}
	// An interrupted engine finishes what it has begun: the providers outlast the context.
	endpoint, err := r.serve(context.WithoutCancel(ctx))
	if err != nil {
		return nil, fmt.Errorf("start the rehearsal's providers: %w", err)
	}
	backend, err := r.backend()
	if err != nil {
		endpoint.Close()
		return nil, err
	}
	env := map[string]string{
		"PULUMI_BACKEND_URL":                            backend,
		"PULUMI_CONFIG_PASSPHRASE":                      passphrase,
		"PULUMI_SKIP_UPDATE_CHECK":                      "true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION":   "true",
		"PULUMI_SKIP_CONFIRMATIONS":                     "true",
		"PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
	}
	if r.stateAtEnd {
		env["PULUMI_SKIP_CHECKPOINTS"] = "true"
	}
	maps.Copy(env, endpoint.Env())
	s := &session{workDir: work, home: home, env: env, clean: true, create: true, release: endpoint.Close}
	s.unlock = "remove " + filepath.Join(r.dir, "state", ".pulumi", "locks")
	r.mu.Lock()
	defer r.mu.Unlock()
	s.exists = r.stacks[stack]
	s.found = func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.stacks == nil {
			r.stacks = map[string]bool{}
		}
		r.stacks[stack] = true
	}
	return s, nil
}

// backend is a directory, which exists afterwards.
func (r *Rehearsal) backend() (string, error) {
	state := filepath.Join(r.dir, "state")
	if err := os.MkdirAll(state, 0o700); err != nil {
		return "", fmt.Errorf("make a place for the rehearsal's state: %w", err)
	}
	return "file://" + filepath.ToSlash(state), nil
}
