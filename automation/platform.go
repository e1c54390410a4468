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
)

// Options configures a Platform.
type Options struct {
	// ProjectDir holds Pulumi.yaml and the stack files; the working directory when empty. On AWS it is also where the
	// Pulumi CLI runs, with the backend, login and secrets provider that it finds there.
	ProjectDir string
	// Cloud is where environments live: AWS (the default), or a Rehearsal.
	Cloud Cloud
	// Program is what the engine runs; stacks.Program by default.
	Program pulumi.RunFunc
	// Command runs the Pulumi CLI. By default the CLI is looked for, and built when there is none, at the first
	// operation that needs it.
	Command *pulumicli.Command
	// Progress is told, in one line each, what takes time before an engine can start; nil keeps quiet.
	Progress func(line string)
}

// Platform runs operations on the environments of one project directory in one cloud. Operations on different
// environments may run at the same time.
type Platform struct {
	dir      string
	cloud    Cloud
	program  pulumi.RunFunc
	progress func(string)
	load     func(dir string) (estate, error)

	finding sync.Mutex
	command *pulumicli.Command

	login   sync.Mutex
	backend string // that the CLI is logged in to, once it was asked
}

// estate is what operations need to know about the environments of a project.
type estate interface {
	Names() []string
	Owner(stack string) string
	Joined(owner string) []string
	// RequiresApproval tells whether deploys of a stack need a reference to an approval.
	RequiresApproval(stack string) bool
}

// New returns a Platform. It reads nothing but the project file's presence; stack files are read by each operation.
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
	p := &Platform{dir: dir, cloud: o.Cloud, program: o.Program, progress: o.Progress, command: o.Command, load: loadEstate}
	if p.cloud == nil {
		p.cloud = AWS
	}
	if p.program == nil {
		p.program = program
	}
	return p, nil
}

// projectFile is Pulumi's name for the project.
const projectFile = "Pulumi.yaml"

// cli returns the Pulumi CLI, looking for it the first time.
func (p *Platform) cli(ctx context.Context) (*pulumicli.Command, error) {
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

// Check reads all stack files and holds them against each other. What is wrong with them is an *Error of kind
// ErrInvalid with one message per problem. With names, each must be the name of an environment.
func (p *Platform) Check(names ...string) error {
	_, err := p.estate(names...)
	return err
}

func (p *Platform) estate(names ...string) (estate, error) {
	e, err := p.load(p.dir)
	var invalid *problem.Error
	if errors.As(err, &invalid) {
		failure := &Error{Kind: ErrInvalid, cause: invalid}
		for _, problem := range invalid.Problems {
			failure.Messages = append(failure.Messages, problem.Error())
		}
		return nil, failure
	}
	if err != nil {
		return nil, &Error{Kind: ErrInvalid, Messages: []string{err.Error()}, cause: err}
	}
	for _, name := range names {
		if !slices.Contains(e.Names(), name) {
			return nil, &Error{Kind: ErrInvalid, Stack: name, Messages: []string{fmt.Sprintf(
				"there is no environment %q: the stack files in %s are those of %s", name, p.dir, strings.Join(e.Names(), ", "))}}
		}
	}
	return e, nil
}

// open makes a workspace for one operation on one stack, with its cloud attached.
func (p *Platform) open(ctx context.Context, stack string, create bool) (*workspace, error) {
	cli, err := p.cli(ctx)
	if err != nil {
		return nil, err
	}
	s, err := p.cloud.attach(ctx, p.dir, stack)
	if err != nil {
		return nil, err
	}
	command := *cli
	command.Clean = s.clean
	local, err := auto.NewLocalWorkspace(ctx, auto.WorkDir(s.workDir), auto.Program(p.program), auto.Pulumi(withoutHistory{&command}),
		auto.PulumiHome(s.home), auto.EnvVars(s.env))
	if err != nil {
		s.close()
		return nil, fmt.Errorf("open workspace: %w", err)
	}
	w := &workspace{Workspace: local, session: s}
	w.stack, err = auto.SelectStack(ctx, stack, w)
	var failure *Error
	if errors.As(err, &failure) && errors.Is(err, ErrNoStack) && (create || s.create) {
		w.stack, err = auto.NewStack(ctx, stack, w)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	if s.found != nil {
		s.found()
	}
	return w, nil
}
