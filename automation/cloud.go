package automation

import (
	"context"
	"os"
)

// Cloud is where environments live: AWS, or a rehearsal of it (package rehearsal).
type Cloud interface {
	// Attach prepares one engine run on one stack. The caller closes the attachment.
	Attach(ctx context.Context, projectDir, stack string) (*Attachment, error)
	// Backend returns the URL of the state backend; empty if the CLI must be asked.
	Backend() (string, error)
}

// Sparing is a Cloud that can create another, empty one of its kind. Previews uses it for environments that join a cluster
// which is not up: its owner is brought up in the other one.
type Sparing interface {
	Cloud
	// Spare returns another cloud and a function that removes it with everything in it. The name says what it is for.
	Spare(name string) (Cloud, func() error, error)
}

// Attachment is what one engine run needs from its cloud.
type Attachment struct {
	// WorkDir is where the CLI runs, with the project and stack files that it reads.
	WorkDir string
	// Home is PULUMI_HOME; the user's own if empty.
	Home string
	// Env is for the CLI. With Clean it gets nothing else from the environment of this process.
	Env   map[string]string
	Clean bool
	// Create: stacks are created when first needed. Exists, Missing: the stack is known to exist, or not to exist. If
	// neither is set, the CLI is asked. With Create, a stack that is known to be missing is made without the CLI, in an
	// s3:// or file:// backend: the stack file in WorkDir already says how secrets are encrypted.
	Create, Exists, Missing bool
	// Found is called once the stack exists. May be nil.
	Found func()
	// Unlock says how to remove the lock of a process that is gone.
	Unlock string
	// Release ends the run. May be nil.
	Release func()
}

func (a *Attachment) close() {
	if a.Release != nil {
		a.Release()
	}
}

// AWS is the real cloud: genuine provider plugins, and whatever backend, login, secrets provider and credentials the
// person or the pipeline has. Stacks are never created unless an operation asks for it.
var AWS Cloud = aws{}

type aws struct{}

func (aws) Attach(_ context.Context, projectDir, stack string) (*Attachment, error) {
	return &Attachment{
		WorkDir: projectDir,
		Env:     map[string]string{"PULUMI_SKIP_UPDATE_CHECK": "true"},
		Unlock:  "remove the lock with: pulumi cancel --stack " + stack,
	}, nil
}

// Backend is the value of the variable that takes precedence in the CLI.
func (aws) Backend() (string, error) { return os.Getenv("PULUMI_BACKEND_URL"), nil }
