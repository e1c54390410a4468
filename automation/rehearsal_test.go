package automation

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"sync"

	"github.com/eks-platform/eks-platform/internal/datakey"
	"github.com/eks-platform/eks-platform/internal/stackfile"
)

// endpoint are the providers of one engine run.
type endpoint interface {
	Env() map[string]string
	Close()
}

// Rehearsal is a cloud for tests inside this package, which package rehearsal imports.
type Rehearsal struct {
	dir     string
	serve   func(ctx context.Context) (endpoint, error)
	closing func() error

	found sync.Map // the stacks that are known to exist
}

func (r *Rehearsal) Attach(ctx context.Context, projectDir, stack string) (*Attachment, error) {
	work, home := filepath.Join(r.dir, "work", stack), filepath.Join(r.dir, "home")
	for _, dir := range []string{work, home} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	if err := stackfile.CopyProject(projectDir, work); err != nil {
		return nil, err
	}
	if err := stackfile.Copy(projectDir, work, stack); err != nil {
		return nil, err
	}
	providers, err := r.serve(context.WithoutCancel(ctx))
	if err != nil {
		return nil, err
	}
	secrets, err := datakey.Serve(ctx)
	if err != nil {
		return nil, err
	}
	backend, err := r.Backend()
	if err != nil {
		return nil, err
	}
	env := map[string]string{
		"PULUMI_BACKEND_URL": backend, "PULUMI_CONFIG_PASSPHRASE": "rehearsal", "PULUMI_SKIP_UPDATE_CHECK": "true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true", "PULUMI_SKIP_CONFIRMATIONS": "true",
		"PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true", "GOGC": "400",
	}
	maps.Copy(env, providers.Env())
	maps.Copy(env, secrets.Env())
	_, exists := r.found.Load(stack)
	made, err := filepath.Glob(filepath.Join(r.dir, "state", ".pulumi", "stacks", "*", stack+".json*"))
	if err != nil {
		return nil, err
	}
	return &Attachment{
		WorkDir: work, Home: home, Env: env, Clean: true, Create: true, Exists: exists, Missing: !exists && len(made) == 0,
		Found: func() { r.found.Store(stack, true) }, Release: func() { providers.Close(); secrets.Close() },
		Unlock: "remove " + filepath.Join(r.dir, "state", ".pulumi", "locks"),
	}, nil
}

func (r *Rehearsal) Backend() (string, error) {
	state := filepath.Join(r.dir, "state")
	return "file://" + filepath.ToSlash(state), os.MkdirAll(state, 0o700)
}
