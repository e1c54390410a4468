package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/internal/arn"
	"github.com/eks-platform/eks-platform/internal/datakey"
	"github.com/eks-platform/eks-platform/internal/rehearsal"
	"github.com/eks-platform/eks-platform/internal/stackfile"
)

// Rehearsal is a cloud on this machine: providers inside the process, and everything that exists, including the state of
// the stacks, in one directory. It needs no credentials and no network, and changes neither the checkout nor the user's
// Pulumi settings. Only one process can have a directory open at a time. Close it after use.
type Rehearsal struct {
	dir     string
	serve   func(ctx context.Context) (Providers, error)
	closing func() error

	cloud *rehearsal.Cloud // nil for the caller's own providers

	stateAtEnd bool

	mu     sync.Mutex
	stacks map[string]bool // that are known to exist: no other process creates or removes any
}

// Options configures a Rehearsal.
type Options struct {
	// Dir is the directory of everything: the cloud, the stacks' state, working files. Created if it does not exist.
	// Required.
	Dir string
	// Existing makes Open fail with ErrNone if the directory has no rehearsal, instead of creating one: for callers that
	// only read.
	Existing bool
	// Scale makes the cloud take AWS's usual durations, scaled: at 0.05 a control plane takes 27 seconds instead of nine
	// minutes. 0, the default, means no delay.
	Scale float64
	// StateAtEnd is as WriteStateAtEnd.
	StateAtEnd bool
}

// ErrNone means that the directory has no rehearsal.
var ErrNone = errors.New("there is no rehearsal")

// Open opens the rehearsal in a directory, with everything that is already there.
func Open(o Options) (*Rehearsal, error) {
	dir, err := filepath.Abs(o.Dir)
	if o.Dir == "" || err != nil {
		return nil, errors.New("open rehearsal: a directory is required")
	}
	if o.Existing && !rehearsal.Exists(dir) {
		return nil, fmt.Errorf("%w in %s: give the directory of one that was kept", ErrNone, dir)
	}
	cloud, err := rehearsal.Open(rehearsal.Options{Dir: dir, Latency: latencyOf(o.Scale)})
	if err != nil {
		return nil, err
	}
	r := Over(dir, cloud.Serve, cloud.Close)
	r.cloud, r.stateAtEnd = cloud, o.StateAtEnd
	return r, nil
}

// Over returns a rehearsal with the caller's own providers, which serve starts for each engine run and close stops for
// good. Everything else is in the directory, which must be an absolute path.
func Over[P Providers](dir string, serve func(ctx context.Context) (P, error), close func() error) *Rehearsal {
	return &Rehearsal{dir: dir, closing: close, serve: func(ctx context.Context) (Providers, error) {
		p, err := serve(ctx)
		if err != nil {
			return nil, err
		}
		return p, nil
	}}
}

// WriteStateAtEnd makes the engine write a stack's state when an operation ends, failed or not, instead of after every step,
// which costs more than everything else. An engine that is killed leaves the state as it was before. Call it before use.
func (r *Rehearsal) WriteStateAtEnd() { r.stateAtEnd = true }

// Providers are the providers of one engine run.
type Providers interface {
	// Env is the environment with the providers' addresses for the engine.
	Env() map[string]string
	// Close stops them.
	Close()
}

// Object is something that exists in a rehearsal.
type Object struct {
	// Type is the resource type, and ID the resource's ID.
	Type string `json:"type"`
	ID   string `json:"id"`
}

// Objects returns everything that exists in the rehearsal, including what AWS creates itself; nothing for a rehearsal with
// other providers.
func (r *Rehearsal) Objects() ([]Object, error) {
	if r.cloud == nil {
		return nil, nil
	}
	all, err := r.cloud.Objects()
	if err != nil {
		return nil, err
	}
	var out []Object
	for _, o := range all {
		out = append(out, Object{Type: o.Type, ID: o.ID})
	}
	return out, nil
}

// Spare returns another, empty rehearsal, in a directory below this one's.
func (r *Rehearsal) Spare(name string) (automation.Cloud, func() error, error) {
	dir, err := os.MkdirTemp(r.dir, "with-"+name+"-")
	if err != nil {
		return nil, nil, fmt.Errorf("create a directory for the rehearsal of %s: %w", name, err)
	}
	other, err := Open(Options{Dir: dir, StateAtEnd: true}) // what a killed process leaves there is nobody's
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	return other, func() error { return errors.Join(other.Close(), os.RemoveAll(dir)) }, nil
}

// passphrase opens the states of rehearsals from before package datakey.
const passphrase = "rehearsal"

// Dir is the directory of the rehearsal's state.
func (r *Rehearsal) Dir() string { return r.dir }

// Close closes the rehearsal; what exists in it stays on disk.
func (r *Rehearsal) Close() error { return r.closing() }

// Attach copies the project's stack files to a directory where the CLI may write to them, and starts the providers.
func (r *Rehearsal) Attach(ctx context.Context, projectDir, stack string) (*automation.Attachment, error) {
	home := filepath.Join(r.dir, "home")
	for _, dir := range []string{filepath.Join(r.dir, "work"), home} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("create a directory for the rehearsal: %w", err)
		}
	}
	if err := withoutLog(home); err != nil {
		return nil, err
	}
	// Each run has its own directory: two runs of one environment would overwrite each other's stack file.
	work, err := os.MkdirTemp(filepath.Join(r.dir, "work"), stack+"-")
	if err != nil {
		return nil, fmt.Errorf("create a directory for the rehearsal: %w", err)
	}
	if err := errors.Join(stackfile.CopyProject(projectDir, work), stackfile.Copy(projectDir, work, stack)); err != nil {
		return nil, err
	}
	if err := r.knowKeys(filepath.Join(projectDir, stackfile.Name(stack))); err != nil {
		return nil, err
	}
	// An interrupted engine finishes its operations in progress: the providers outlive the context.
	providers, err := r.serve(context.WithoutCancel(ctx))
	if err != nil {
		return nil, fmt.Errorf("start the rehearsal's providers: %w", err)
	}
	secrets, err := datakey.Serve(ctx)
	if err != nil {
		providers.Close()
		return nil, err
	}
	release := func() {
		providers.Close()
		secrets.Close()
		_ = os.RemoveAll(work)
	}
	backend, err := r.Backend()
	if err != nil {
		release()
		return nil, err
	}
	env := map[string]string{
		"PULUMI_BACKEND_URL":                            backend,
		"PULUMI_CONFIG_PASSPHRASE":                      passphrase,
		"PULUMI_SKIP_UPDATE_CHECK":                      "true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION":   "true",
		"PULUMI_SKIP_CONFIRMATIONS":                     "true",
		"PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
		"GOGC": "400", // the engine is here for seconds: a fifth of its time was the garbage collector's
	}
	if r.stateAtEnd {
		env["PULUMI_SKIP_CHECKPOINTS"] = "true"
	}
	maps.Copy(env, providers.Env())
	maps.Copy(env, secrets.Env())
	s := &automation.Attachment{WorkDir: work, Home: home, Env: env, Clean: true, Create: true, Release: release}
	s.Unlock = "remove " + filepath.Join(r.dir, "state", ".pulumi", "locks")
	r.mu.Lock()
	defer r.mu.Unlock()
	s.Exists = r.stacks[stack]
	s.Missing = !s.Exists && r.missing(stack)
	s.Found = func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.stacks == nil {
			r.stacks = map[string]bool{}
		}
		r.stacks[stack] = true
	}
	return s, nil
}

// keyARN finds the ARNs of KMS keys.
var keyARN = regexp.MustCompile(`\b` + strings.Trim(arn.KeyPattern, "^$"))

// knowKeys takes the keys that a stack file names for those that exist in its account: the file's owner has made them.
func (r *Rehearsal) knowKeys(file string) error {
	if r.cloud == nil {
		return nil
	}
	raw, err := os.ReadFile(file)
	if err == nil {
		err = r.cloud.Know(keyARN.FindAllString(string(raw), -1)...)
	}
	if err != nil {
		return fmt.Errorf("find the keys that %s names: %w", filepath.Base(file), err)
	}
	return nil
}

// withoutLog keeps the CLI from its log of debugging, a tenth of a preview's time, for which there is no switch: a file stands
// where its directory would be made.
func withoutLog(home string) error {
	f, err := os.OpenFile(filepath.Join(home, "logs"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create a directory for the rehearsal: %w", err)
	}
	return f.Close()
}

// missing reports whether the backend certainly has no stack of that name, which saves a run of the CLI.
func (r *Rehearsal) missing(stack string) bool {
	found, err := filepath.Glob(filepath.Join(r.dir, "state", ".pulumi", "stacks", "*", stack+".json*"))
	return err == nil && len(found) == 0
}

// Backend returns the URL of a directory, and creates it.
func (r *Rehearsal) Backend() (string, error) {
	state := filepath.Join(r.dir, "state")
	if err := os.MkdirAll(state, 0o700); err != nil {
		return "", fmt.Errorf("create a directory for the rehearsal's state: %w", err)
	}
	return "file://" + filepath.ToSlash(state), nil
}
