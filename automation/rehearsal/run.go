package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/placement"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/deployorder"
	"github.com/eks-platform/eks-platform/internal/plural"
	"github.com/eks-platform/eks-platform/internal/stackfile"
	"github.com/eks-platform/eks-platform/internal/wholefile"
)

// ErrRehearsal means that all operations of a rehearsal succeeded, but with a wrong result: changes in a second preview, a
// replacement instead of an update, objects left behind.
var ErrRehearsal = errors.New("the rehearsal had a wrong result")

// RunOptions configures Run.
type RunOptions struct {
	// ProjectDir has the stack files. The rehearsal changes only its own copies.
	ProjectDir string
	// Dir is the directory of the rehearsal, see Options. Its cloud must be empty.
	Dir string
	// Keep keeps everything up at the end, as the stack files say.
	Keep bool
	// Scale makes the cloud take AWS's usual durations, scaled: at 0.05 a control plane takes 27 seconds instead of nine
	// minutes. 0, the default, means no delay.
	Scale float64
	// Parallel is the number of parallel resource operations per environment; 0 is Pulumi's default.
	Parallel int
	// Program and Command are as in automation.Options.
	Program pulumi.RunFunc
	Command auto.PulumiCommand
	// Estate is as in automation.Options.
	Estate func(dir string) (automation.Estate, error)
	// Progress is called with a line for each thing that takes time before the engines start; nil for none.
	Progress func(line string)
	// OnPhase is called whenever a phase begins, progresses or ends; calls do not overlap.
	OnPhase func(PhaseEvent)

	change *change
	serve  func(ctx context.Context) (Providers, error)
}

// PhaseEvent is the progress of an environment.
type PhaseEvent struct {
	Environment string
	Phase       PhaseName
	// Done and Total count resources; Total is 0 while unknown.
	Done, Total int
	// Ended is set in the last event of a phase; Err is why it failed.
	Ended    bool
	Duration time.Duration
	Err      error
}

// PhaseName names a phase of a rehearsal.
type PhaseName string

// The phases of a rehearsal, in order.
const (
	PhasePreview       PhaseName = "preview"
	PhaseUp            PhaseName = "up"
	PhaseSecondPreview PhaseName = "second preview"
	PhaseChangePreview PhaseName = "preview of a change"
	PhaseChange        PhaseName = "change"
	PhaseLastPreview   PhaseName = "preview after it"
	PhaseRestore       PhaseName = "restore" // only with Keep
	PhaseDestroy       PhaseName = "destroy" // only without Keep
)

// Phase is one operation on an environment.
type Phase struct {
	Name     PhaseName     `json:"name"`
	Started  time.Time     `json:"started"`
	Duration time.Duration `json:"durationNanoseconds"`
	// Changes counts resources by operation: see plan.Result.Counts.
	Changes map[string]int `json:"changes"`
}

// EnvironmentReport is the result for one environment.
type EnvironmentReport struct {
	Name string `json:"name"`
	// Owner is the environment whose cluster this one joins; empty if it has its own.
	Owner string `json:"owner,omitempty"`
	// Resources counts what the environment is made of in the cloud.
	Resources int `json:"resources"`
	// Change says what was changed, and how the engine applied it.
	Change string  `json:"change,omitempty"`
	Phases []Phase `json:"phases"`
	// Placement is the node groups on which its pods can run.
	Placement *placement.Report `json:"placement,omitempty"`
	// Pace compares how long up and destroy took with what AWS itself imposes; only with a Scale.
	Pace []Pace `json:"pace,omitempty"`
	// Error is why the environment failed; empty if it did not.
	Error string `json:"error,omitempty"`
}

// Report is what Run found.
type Report struct {
	OK bool `json:"ok"`
	// Dir is the directory of the rehearsal's state.
	Dir string `json:"dir"`
	// Kept reports whether everything is still up there.
	Kept         bool                 `json:"kept"`
	Environments []*EnvironmentReport `json:"environments"`
	// Objects counts what exists in the cloud at the end; Leftovers names what should not.
	Objects   int           `json:"objects"`
	Leftovers []string      `json:"leftovers,omitempty"`
	Started   time.Time     `json:"started"`
	Duration  time.Duration `json:"durationNanoseconds"`
}

// Run computes where the pods of every environment can run; brings every environment up in a rehearsal cloud, owners of
// clusters in parallel and joining environments after them; checks that a second preview is empty; previews and applies a
// change, which must be an update in place; and destroys everything, after which nothing may be left. The report is
// returned even if the rehearsal failed.
func Run(ctx context.Context, o RunOptions) (*Report, error) {
	r := &rehearse{RunOptions: o, report: &Report{Started: time.Now(), Kept: o.Keep}}
	if r.OnPhase == nil {
		r.OnPhase = func(PhaseEvent) {}
	}
	if r.change == nil {
		r.change = labelChange
	}
	err := r.run(ctx)
	r.report.Duration = time.Since(r.report.Started)
	r.report.OK = err == nil
	return r.report, err
}

type rehearse struct {
	RunOptions
	report   *Report
	platform *automation.Platform
	cloud    *Rehearsal
	source   string            // the project directory whose stack files are rehearsed
	files    map[string][]byte // those stack files, as they were at the beginning
	project  string            // the rehearsal's own copy of them

	mu sync.Mutex // serialises OnPhase
}

func (r *rehearse) run(ctx context.Context) error {
	// The stack files first: if the CLI must be built, it would take minutes to report a typo.
	source, err := automation.New(automation.Options{ProjectDir: r.ProjectDir, Estate: r.Estate, Command: r.Command, Progress: r.Progress})
	if err != nil {
		return err
	}
	r.source = source.Dir()
	e, err := source.Estate()
	if err != nil {
		return err
	}
	cloud, err := Open(Options{Dir: r.Dir, Scale: r.Scale, StateAtEnd: true})
	if err != nil {
		return err
	}
	defer cloud.Close()
	if r.serve != nil {
		cloud.serve = r.serve
	}
	r.cloud = cloud
	r.report.Dir = cloud.Dir()
	standing, err := cloud.Objects()
	if err != nil {
		return err
	}
	if len(standing) > 0 {
		return &automation.Error{Kind: automation.ErrRefused, Messages: []string{fmt.Sprintf(
			"a rehearsal starts from nothing, and %s in %s: destroy it, or choose another directory", plural.Of(len(standing), "object stands", "objects stand"), cloud.Dir())}}
	}
	r.project = filepath.Join(cloud.Dir(), "project")
	if err := r.copyStackFiles(e.Names()); err != nil {
		return err
	}
	// Only the checkout has tools/, from which a CLI can be built, not the copy of the stack files.
	command, err := source.Command(ctx)
	if err != nil {
		return err
	}
	r.platform, err = automation.New(automation.Options{
		ProjectDir: r.project, Cloud: cloud, Program: r.Program, Estate: r.Estate, Command: command, Progress: r.Progress,
	})
	if err != nil {
		return err
	}

	r.report.Started = time.Now() // building a CLI first does not count as the rehearsal's time
	err = r.everything(ctx, e)
	left, objectsErr := cloud.Objects()
	if objectsErr != nil {
		return errors.Join(err, objectsErr)
	}
	r.report.Objects = len(left)
	if err == nil && !r.Keep && len(left) > 0 {
		for _, o := range left {
			r.report.Leftovers = append(r.report.Leftovers, fmt.Sprintf("%s %s", o.Type, o.ID))
		}
		return &automation.Error{Kind: ErrRehearsal, Messages: append([]string{plural.Of(len(left), "object is left behind:", "objects are left behind:")}, r.report.Leftovers...)}
	}
	if err == nil {
		err = r.misplaced()
	}
	return err
}

// misplaced returns an error if pods have no node group to run on, or can run on one that they must not run on: the
// rehearsal cloud runs no pods, and would not show it.
func (r *rehearse) misplaced() error {
	var messages []string
	for _, env := range r.report.Environments {
		for _, what := range env.Placement.Problems {
			messages = append(messages, env.Name+": "+what)
		}
	}
	if len(messages) == 0 {
		return nil
	}
	return &automation.Error{Kind: ErrRehearsal, Messages: messages}
}

func (r *rehearse) copyStackFiles(names []string) error {
	if err := os.MkdirAll(r.project, 0o700); err != nil {
		return fmt.Errorf("create a directory for the stack files: %w", err)
	}
	if err := stackfile.CopyProject(r.source, r.project); err != nil {
		return err
	}
	r.files = map[string][]byte{}
	for _, name := range names {
		raw, err := os.ReadFile(filepath.Join(r.source, stackfile.Name(name)))
		if err != nil {
			return fmt.Errorf("copy %s: %w", stackfile.Name(name), err)
		}
		r.files[name] = raw
		if err := r.restore(name); err != nil {
			return err
		}
	}
	return nil
}

// restore restores the rehearsal's copy of a stack file.
func (r *rehearse) restore(name string) error {
	return wholefile.Replace(filepath.Join(r.project, stackfile.Name(name)), r.files[name])
}

// everything runs one lane for each owner of a cluster, in parallel. A failed lane does not stop the others: an interrupted
// engine would say nothing useful.
func (r *rehearse) everything(ctx context.Context, e automation.Estate) error {
	reports := map[string]*EnvironmentReport{}
	for _, name := range e.Names() {
		where, err := placement.Of(ctx, r.platform, name)
		if err != nil {
			return err
		}
		reports[name] = &EnvironmentReport{Name: name, Owner: e.Owner(name), Placement: where}
	}
	for _, name := range deployorder.Of(e) {
		r.report.Environments = append(r.report.Environments, reports[name])
	}
	var owners []string
	for _, name := range e.Names() {
		if e.Owner(name) == "" {
			owners = append(owners, name)
		}
	}
	return together(owners, func(owner string) error {
		if err := r.environment(ctx, reports[owner]); err != nil {
			return err
		}
		joined := e.Joined(owner)
		if err := together(joined, func(name string) error { return r.environment(ctx, reports[name]) }); err != nil {
			return err
		}
		if r.Keep {
			return nil
		}
		if err := together(joined, func(name string) error { return r.destroy(ctx, reports[name]) }); err != nil {
			return err
		}
		return r.destroy(ctx, reports[owner])
	})
}

// together runs f for all names in parallel and joins the errors.
func together(names []string, f func(name string) error) error {
	errs := make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() { errs[i] = f(name) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// environment brings one environment up and changes it.
func (r *rehearse) environment(ctx context.Context, env *EnvironmentReport) error {
	fresh, err := r.phase(env, PhasePreview, 0, func(seen func(plan.Event)) (*plan.Result, error) {
		return r.platform.Preview(ctx, env.Name, automation.PreviewOptions{OnEvent: seen, Parallel: r.Parallel})
	})
	if err != nil {
		return err
	}
	up, err := r.up(ctx, env, PhaseUp, fresh.Resources())
	if err != nil {
		return err
	}
	env.Resources = up.Resources()
	if err := r.measure(ctx, env, PhaseUp); err != nil {
		return r.fail(env, err)
	}
	if err := r.previewEmpty(ctx, env, PhaseSecondPreview); err != nil {
		return err
	}
	file := filepath.Join(r.project, stackfile.Name(env.Name))
	what, err := r.change.apply(file)
	if err != nil {
		return r.fail(env, err)
	}
	planned, err := r.phase(env, PhaseChangePreview, env.Resources, func(seen func(plan.Event)) (*plan.Result, error) {
		return r.platform.Preview(ctx, env.Name, automation.PreviewOptions{OnEvent: seen, Parallel: r.Parallel})
	})
	if err != nil {
		return err
	}
	env.Change = fmt.Sprintf("%s: %s", what, counted(planned.Counts))
	if err := r.change.inPlace(planned); err != nil {
		return r.fail(env, &automation.Error{Kind: ErrRehearsal, Operation: plan.OpPreview, Stack: env.Name, Messages: []string{err.Error()}})
	}
	if _, err := r.up(ctx, env, PhaseChange, planned.Resources()); err != nil {
		return err
	}
	if err := r.previewEmpty(ctx, env, PhaseLastPreview); err != nil {
		return err
	}
	if !r.Keep {
		return nil
	}
	if err := r.restore(env.Name); err != nil {
		return r.fail(env, err)
	}
	_, err = r.up(ctx, env, PhaseRestore, env.Resources)
	return err
}

func (r *rehearse) up(ctx context.Context, env *EnvironmentReport, name PhaseName, total int) (*plan.Result, error) {
	return r.phase(env, name, total, func(seen func(plan.Event)) (*plan.Result, error) {
		return r.platform.Up(ctx, env.Name, automation.UpOptions{OnEvent: seen, Parallel: r.Parallel, Message: "rehearsal: " + string(name)})
	})
}

func (r *rehearse) destroy(ctx context.Context, env *EnvironmentReport) error {
	before, err := r.stateOf(ctx, env)
	if err != nil {
		return r.fail(env, err)
	}
	_, err = r.phase(env, PhaseDestroy, env.Resources, func(seen func(plan.Event)) (*plan.Result, error) {
		return r.platform.Destroy(ctx, env.Name, automation.DestroyOptions{OnEvent: seen, Unprotect: true, Parallel: r.Parallel, Message: "rehearsal"})
	})
	if err == nil {
		r.pace(env, PhaseDestroy, before)
	}
	return err
}

func (r *rehearse) previewEmpty(ctx context.Context, env *EnvironmentReport, name PhaseName) error {
	res, err := r.phase(env, name, env.Resources, func(seen func(plan.Event)) (*plan.Result, error) {
		return r.platform.Preview(ctx, env.Name, automation.PreviewOptions{OnEvent: seen, Parallel: r.Parallel})
	})
	if err != nil {
		return err
	}
	if !res.Empty() {
		messages := []string{fmt.Sprintf("the %s must be empty and is not:", name)}
		for _, s := range res.Steps {
			messages = append(messages, s.String())
		}
		return r.fail(env, &automation.Error{Kind: ErrRehearsal, Operation: plan.OpPreview, Stack: env.Name, Messages: messages})
	}
	return nil
}

// phase runs one operation, and reports and records it.
func (r *rehearse) phase(env *EnvironmentReport, name PhaseName, total int, run func(seen func(plan.Event)) (*plan.Result, error)) (*plan.Result, error) {
	started := time.Now()
	finished := map[string]bool{}
	tell := func(e PhaseEvent) {
		r.mu.Lock()
		defer r.mu.Unlock()
		e.Environment, e.Phase, e.Done, e.Total, e.Duration = env.Name, name, len(finished), total, time.Since(started)
		r.OnPhase(e)
	}
	tell(PhaseEvent{})
	res, err := run(func(e plan.Event) {
		if e.Step == nil || e.Step.Status != plan.Done && e.Step.Status != plan.Planned || finished[e.Step.URN] || !e.Step.Counted() {
			return
		}
		finished[e.Step.URN] = true
		tell(PhaseEvent{})
	})
	p := Phase{Name: name, Started: started, Duration: time.Since(started)}
	if res != nil {
		p.Changes = res.Counts
	}
	env.Phases = append(env.Phases, p)
	tell(PhaseEvent{Ended: true, Err: err})
	if err != nil {
		env.Error = err.Error()
	}
	return res, err
}

func (r *rehearse) fail(env *EnvironmentReport, err error) error {
	env.Error = err.Error()
	return err
}

// counted says how many resources were changed and how, without unchanged ones.
func counted(changes map[string]int) string {
	var out []string
	for op, n := range changes {
		if op != "same" && n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, op))
		}
	}
	if len(out) == 0 {
		return "nothing"
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}
