package automation

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/pulumicli"
	"github.com/eks-platform/eks-platform/internal/stackfile"
)

// Options configures a Platform.
type Options struct {
	// ProjectDir holds Pulumi.yaml and the stack files; the working directory when empty. On AWS it is also where the
	// Pulumi CLI runs, with the backend, login and secrets provider that it finds there.
	ProjectDir string
	// Cloud is where environments live: AWS (the default), or a rehearsal.
	Cloud Cloud
	// Program is what the engine runs; stacks.Program by default.
	Program pulumi.RunFunc
	// Estate reads the project's stack files and checks them against each other; those of stacks.Program by default.
	Estate func(dir string) (Estate, error)
	// Command runs the Pulumi CLI. By default the CLI is found, or installed if there is none, at the first operation that
	// needs it. Another implementation (such as auto.NewPulumiCommand's) decides itself how it is interrupted, and passes
	// the environment of this process to a rehearsal.
	Command auto.PulumiCommand
	// Progress is called with a line for each thing that takes time before an engine can start; nil for none.
	Progress func(line string)
}

// Platform runs operations on the environments of one project directory in one cloud. Operations on different
// environments may run at the same time.
type Platform struct {
	dir      string
	cloud    Cloud
	program  pulumi.RunFunc
	progress func(string)
	load     func(dir string) (Estate, error)

	finding sync.Mutex
	command auto.PulumiCommand

	login   sync.Mutex
	backend string // that the CLI is logged in to, once asked
}

// Estate is what operations need to know about the environments of a project.
type Estate interface {
	// Names are the names of the environments, sorted.
	Names() []string
	// Owner is the environment whose cluster a stack joins; empty when it has its own.
	Owner(stack string) string
	// Joined are the environments that join an owner's cluster.
	Joined(owner string) []string
	// RequiresApproval reports whether deploys of a stack need a reference to an approval.
	RequiresApproval(stack string) bool
}

// New returns a Platform. It only checks that the project file exists; each operation reads the stack files.
func New(o Options) (*Platform, error) {
	dir, err := filepath.Abs(o.ProjectDir)
	if err != nil {
		return nil, fmt.Errorf("locate the project directory: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, projectFile)); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, &Error{Kind: ErrInvalid, Messages: []string{fmt.Sprintf("there is no %s in %s", projectFile, dir)}}
		}
		return nil, fmt.Errorf("read the project file: %w", err)
	}
	p := &Platform{dir: dir, cloud: o.Cloud, program: o.Program, progress: o.Progress, command: o.Command, load: o.Estate}
	if p.cloud == nil {
		p.cloud = AWS
	}
	if p.program == nil {
		p.program = program
	}
	if p.load == nil {
		p.load = loadEstate
	}
	return p, nil
}

// projectFile is Pulumi's name for the project.
const projectFile = stackfile.Project

// stackFile is the name of a stack's file.
func stackFile(stack string) string { return stackfile.Name(stack) }

// Dir is the project directory.
func (p *Platform) Dir() string { return p.dir }

// Program is what the engine runs.
func (p *Platform) Program() pulumi.RunFunc { return p.program }

// Command returns the Pulumi CLI, looking for it the first time.
func (p *Platform) Command(ctx context.Context) (auto.PulumiCommand, error) {
	p.finding.Lock()
	defer p.finding.Unlock()
	if p.command == nil {
		c, err := pulumicli.Find(ctx, pulumicli.Options{Dir: p.dir, Progress: p.progress})
		if err != nil {
			return nil, err
		}
		p.command = c
	}
	return p.command, nil
}

// Estate reads all stack files, checks them against each other and returns the environments. Problems are an *Error of
// kind ErrInvalid with one message each. Each of the names must be that of an environment.
func (p *Platform) Estate(names ...string) (Estate, error) {
	e, err := p.load(p.dir)
	if err != nil {
		return nil, invalid(err)
	}
	for _, name := range names {
		if !slices.Contains(e.Names(), name) {
			return nil, &Error{Kind: ErrInvalid, Stack: name, Messages: []string{fmt.Sprintf(
				"there is no environment %q: the stack files in %s are for %s", name, p.dir, strings.Join(e.Names(), ", "))}}
		}
	}
	return e, nil
}

// Reach reads and checks all stack files, as Estate does, for an operation on environments in the cloud: on AWS it also
// refuses those whose account is a placeholder of the examples.
func (p *Platform) Reach(names ...string) (Estate, error) {
	e, err := p.Estate(names...)
	if err != nil {
		return nil, err
	}
	if onAWS, ok := e.(interface{ OnAWS(names ...string) error }); ok && p.cloud == AWS {
		if err := onAWS.OnAWS(names...); err != nil {
			return nil, invalid(err)
		}
	}
	return e, nil
}

// invalid returns the error for stack files that are wrong, with a message for each problem.
func invalid(err error) error {
	failure := &Error{Kind: ErrInvalid, Cause: err}
	var all *problem.Error
	if !errors.As(err, &all) {
		failure.Messages = []string{err.Error()}
		return failure
	}
	for _, p := range all.Problems {
		failure.Messages = append(failure.Messages, p.Error())
	}
	return failure
}

// attach attaches the cloud for one run, and returns the CLI that goes with it.
func (p *Platform) attach(ctx context.Context, stack string) (auto.PulumiCommand, *Attachment, error) {
	command, err := p.Command(ctx)
	if err != nil {
		return nil, nil, err
	}
	s, err := p.cloud.Attach(ctx, p.dir, stack)
	if err != nil {
		return nil, nil, err
	}
	if own, ok := command.(*pulumicli.Command); ok && s.Clean {
		clean := *own
		clean.Clean = true
		command = &clean
	}
	return command, s, nil
}

// open creates a workspace for one operation on one stack, with its cloud attached.
func (p *Platform) open(ctx context.Context, stack string, create bool) (*workspace, error) {
	command, s, err := p.attach(ctx, stack)
	if err != nil {
		return nil, err
	}
	local, err := auto.NewLocalWorkspace(ctx, auto.WorkDir(s.WorkDir), auto.Program(p.program), auto.Pulumi(withoutHistory{command}),
		auto.PulumiHome(s.Home), auto.EnvVars(s.Env))
	if err != nil {
		s.close()
		return nil, fmt.Errorf("open workspace: %w", err)
	}
	w := &workspace{Workspace: local, platform: p, session: s}
	w.stack, err = auto.SelectStack(ctx, stack, w)
	var failure *Error
	if errors.As(err, &failure) && errors.Is(err, ErrNoStack) && (create || s.Create) {
		w.stack, err = auto.NewStack(ctx, stack, w)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	if s.Found != nil {
		s.Found()
	}
	return w, nil
}
