package automation

import (
	"context"
	"os"
)

// Cloud is where environments live: AWS, or a Rehearsal.
type Cloud interface {
	// attach prepares one engine run on one stack. The caller closes the session.
	attach(ctx context.Context, projectDir, stack string) (*session, error)
	// backend returns the URL of the state backend; empty when the CLI must be asked.
	backend() (string, error)
}

// session is what one engine run needs from its cloud.
type session struct {
	workDir string
	home    string            // PULUMI_HOME; the person's own when empty
	env     map[string]string // for the CLI
	clean   bool              // the CLI gets no environment but env
	create  bool              // stacks are made when they are first needed
	exists  bool              // the stack is known to exist
	found   func()            // told when the stack exists; may be nil
	unlock  string            // how a person removes the lock of a process that is gone
	release func()            // ends the providers; nil when there is nothing to end
}

func (s *session) close() {
	if s.release != nil {
		s.release()
	}
}

// AWS is the real cloud: genuine provider plugins, and whatever backend, login, secrets provider and credentials the
// person or the pipeline has. Stacks are never created unless an operation asks for it.
var AWS Cloud = aws{}

type aws struct{}

func (aws) attach(_ context.Context, projectDir, stack string) (*session, error) {
	return &session{
		workDir: projectDir,
		env:     map[string]string{"PULUMI_SKIP_UPDATE_CHECK": "true"},
		unlock:  "remove the lock with: pulumi cancel --stack " + stack,
	}, nil
}

// backend is what the variable says, which the CLI heeds before everything else.
func (aws) backend() (string, error) { return os.Getenv("PULUMI_BACKEND_URL"), nil }
