package automation

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/eks-platform/eks-platform/automation/plan"
)

// PreviewsOptions configures Previews.
type PreviewsOptions struct {
	// Preview configures each preview. Its OnEvent gets the events of all environments, distinguished by Stack; calls do
	// not overlap.
	Preview PreviewOptions
	// Program is the program's identity in the plans' digests: see Identity.
	Program string
	// AtOnce is how many environments are previewed in parallel; 0 means two per CPU. Each has its own engine, which takes
	// some 150 MiB.
	AtOnce int
	// OnStart is called with each environment as its preview begins; calls do not overlap, neither with the others.
	OnStart func(stack string)
	// OnDone is called with each preview as it ends; calls do not overlap with each other or with OnEvent.
	OnDone func(Previewed)
}

// Previewed is the preview of one environment among several.
type Previewed struct {
	Stack string
	// Result is what Up would do. For a failed preview it is what is known so far; nil if it never started.
	Result *plan.Result
	// Plan is what can be approved, with its digest. Nil if the preview failed, or if the environment was previewed in a
	// second rehearsal.
	Plan *plan.Plan
	// Notes are remarks needed to understand the result.
	Notes []string
	// Err is why the preview failed.
	Err error
}

// Previews previews several environments at the same time, each with an engine, a workspace and a session of its own:
// one that fails does not affect the others. All are returned, in the order of the names; the error joins those of the
// previews.
//
// On a Rehearsal, an environment that joins a cluster which is not up there is previewed in a second rehearsal, where
// the cluster's owner is brought up first and which is removed afterwards: pull requests from forks, which start from
// nothing, see all environments. On AWS it is refused, as by Preview.
func (p *Platform) Previews(ctx context.Context, names []string, o PreviewsOptions) ([]Previewed, error) {
	out := make([]Previewed, len(names))
	if _, err := p.Reach(names...); err != nil {
		for i, name := range names {
			out[i] = Previewed{Stack: name, Err: err}
		}
		return out, err
	}
	if o.AtOnce <= 0 {
		o.AtOnce = 2 * runtime.NumCPU()
	}
	var told sync.Mutex
	if observe := o.Preview.OnEvent; observe != nil {
		o.Preview.OnEvent = func(e plan.Event) {
			told.Lock()
			defer told.Unlock()
			observe(e)
		}
	}
	elsewhere := &understudies{of: p, o: o.Preview, standing: map[string]func() (*Platform, error){}}
	elsewhere.cloud, _ = p.cloud.(Sparing)
	slots := make(chan struct{}, o.AtOnce)
	errs := make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() {
			select {
			case slots <- struct{}{}:
				defer func() { <-slots }()
				if o.OnStart != nil {
					told.Lock()
					o.OnStart(name)
					told.Unlock()
				}
				out[i] = p.previewed(ctx, name, o, elsewhere)
			case <-ctx.Done():
				out[i] = Previewed{Stack: name, Err: &Error{Kind: ErrCancelled, Operation: plan.OpPreview, Stack: name, Cause: ctx.Err()}}
			}
			errs[i] = out[i].Err
			if o.OnDone != nil {
				told.Lock()
				defer told.Unlock()
				o.OnDone(out[i])
			}
		})
	}
	wg.Wait()
	return out, errors.Join(append(errs, elsewhere.close())...)
}

// previewed previews one environment.
func (p *Platform) previewed(ctx context.Context, name string, o PreviewsOptions, elsewhere *understudies) Previewed {
	out := Previewed{Stack: name}
	out.Result, out.Err = p.Preview(ctx, name, o.Preview)
	var down *ownerDownError
	if elsewhere.cloud != nil && errors.As(out.Err, &down) {
		other, err := elsewhere.with(ctx, down.owner)
		if out.Err = err; err != nil {
			return out
		}
		out.Notes = []string{fmt.Sprintf("%s is not up in this rehearsal: for this preview it was brought up in another one, which was then removed", down.owner)}
		// The cluster will have other IDs the next time: there is nothing to approve.
		out.Result, out.Err = other.Preview(ctx, name, o.Preview)
		return out
	}
	if out.Err != nil {
		return out
	}
	out.Plan, out.Err = p.Plan(ctx, out.Result, o.Program)
	return out
}

// ownerDownError says that the owner of a cluster is not up.
type ownerDownError struct{ owner string }

func (e *ownerDownError) Error() string { return e.owner + " is not up" }

// understudies are second rehearsals in which owners of clusters are brought up for the environments that join them.
type understudies struct {
	of    *Platform
	o     PreviewOptions
	cloud Sparing // nil where there are none

	mu       sync.Mutex
	standing map[string]func() (*Platform, error) // by owner
	end      []func() error
}

// with returns a platform on which an owner is up, the same one for all callers.
func (u *understudies) with(ctx context.Context, owner string) (*Platform, error) {
	u.mu.Lock()
	stand, known := u.standing[owner]
	if !known {
		stand = sync.OnceValues(func() (*Platform, error) { return u.bringUp(ctx, owner) })
		u.standing[owner] = stand
	}
	u.mu.Unlock()
	return stand()
}

func (u *understudies) bringUp(ctx context.Context, owner string) (*Platform, error) {
	if u.of.progress != nil {
		u.of.progress(fmt.Sprintf("%s is not up in this rehearsal: bringing it up in another one, for the environments that join it", owner))
	}
	cloud, remove, err := u.cloud.Spare(owner)
	if err != nil {
		return nil, err
	}
	u.atEnd(remove)
	cli, err := u.of.Command(ctx)
	if err != nil {
		return nil, err
	}
	other, err := New(Options{
		ProjectDir: u.of.dir, Cloud: cloud, Program: u.of.program, Estate: u.of.load, Command: cli, Progress: u.of.progress,
	})
	if err != nil {
		return nil, err
	}
	_, err = other.Up(ctx, owner, UpOptions{Parallel: u.o.Parallel, Message: "for the preview of those who join it"})
	return other, err
}

func (u *understudies) atEnd(f func() error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.end = append(u.end, f)
}

// close removes the rehearsals, in reverse order.
func (u *understudies) close() error {
	var errs []error
	for i := len(u.end) - 1; i >= 0; i-- {
		errs = append(errs, u.end[i]())
	}
	return errors.Join(errs...)
}
