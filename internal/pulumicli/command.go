package pulumicli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/blang/semver"

	_ "github.com/eks-platform/eks-platform/internal/noquery" // packages that start an engine import the SDK's
)

// Grace is how long the CLI may take to stop after an interrupt before it is killed. A control plane takes nine minutes and
// sometimes twenty: an engine that is killed meanwhile leaves the state locked and the resource unrecorded, while one that
// can finish records it and releases the lock.
const Grace = 30 * time.Minute

// Command runs a Pulumi CLI; it is an auto.PulumiCommand. Unlike the SDK's own, it interrupts the CLI once when the
// context ends and then waits (see Grace), and the CLI has a process group of its own, so that a Ctrl-C in the terminal
// does not reach it as a second interrupt, on which the engine stops immediately.
type Command struct {
	// Path is the CLI's binary.
	Path string
	// Grace replaces the package's Grace when it is above zero.
	Grace time.Duration
	// Clean starts the CLI with only what a process needs from the environment (PATH, HOME, temporary directories),
	// so that neither the user's credentials nor settings reach it. Off by default.
	Clean bool

	version semver.Version
}

func newCommand(path string, v semver.Version) (*Command, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("locate the Pulumi CLI: %w", err)
	}
	return &Command{Path: path, version: v}, nil
}

// Version returns the CLI's version.
func (c *Command) Version() semver.Version { return c.version }

// unknownCode is the exit code when there is none, as in the SDK.
const unknownCode = -2

// Run runs one CLI command to its end and returns its standard output, standard error and exit code. The additional writers
// get the same output when the command has ended.
func (c *Command) Run(ctx context.Context, workDir string, stdin io.Reader, moreOut, moreErr []io.Writer, env []string, args ...string) (string, string, int, error) {
	stdout, err := newOutput()
	if err != nil {
		return "", "", unknownCode, err
	}
	defer stdout.discard()
	stderr, err := newOutput()
	if err != nil {
		return "", "", unknownCode, err
	}
	defer stderr.discard()
	cmd := exec.CommandContext(ctx, c.Path, nonInteractive(args)...)
	cmd.Dir, cmd.Stdin = workDir, stdin
	cmd.Env = c.environment(env)
	cmd.Stdout, cmd.Stderr = stdout.file, stderr.file
	ownGroup(cmd)
	cmd.Cancel = func() error { return interrupt(cmd.Process) }
	cmd.WaitDelay = c.Grace
	if cmd.WaitDelay <= 0 {
		cmd.WaitDelay = Grace
	}
	err = cmd.Run()
	code := unknownCode
	var exit *exec.ExitError
	switch {
	case err == nil:
		code = 0
	case errors.As(err, &exit):
		code = exit.ExitCode()
	}
	said, outErr := stdout.text(moreOut)
	complained, errErr := stderr.text(moreErr)
	if err == nil {
		err = errors.Join(outErr, errErr)
	}
	return said, complained, code, err
}

// inherited are the variables that a clean environment keeps.
var inherited = []string{
	"PATH", "HOME", "USER", "TMPDIR", "TEMP", "TMP", "LANG", "LC_ALL", "TZ",
	"SYSTEMROOT", "USERPROFILE", "LOCALAPPDATA", "APPDATA", "COMSPEC", "PATHEXT",
}

func (c *Command) environment(more []string) []string {
	env := os.Environ()
	if c.Clean {
		env = slices.DeleteFunc(env, func(kv string) bool {
			name, _, _ := strings.Cut(kv, "=")
			return !slices.Contains(inherited, strings.ToUpper(name))
		})
	}
	env = append(env, more...)
	env = append(env, "PULUMI_AUTOMATION_API=true")
	return pathFirst(env, filepath.Dir(c.Path))
}

// pathFirst puts a directory first on PATH, so that the CLI finds the language hosts that came with it.
func pathFirst(env []string, dir string) []string {
	out := slices.Clone(env)
	for i, kv := range out {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.EqualFold(name, "PATH") {
			continue
		}
		if value != "" {
			value = string(os.PathListSeparator) + value
		}
		out[i] = name + "=" + dir + value
		return out
	}
	return append(out, "PATH="+dir)
}

// nonInteractive keeps the CLI from asking questions.
func nonInteractive(args []string) []string {
	own := args
	if i := slices.Index(args, "--"); i >= 0 {
		own = args[:i]
	}
	if slices.Contains(own, "--non-interactive") {
		return args
	}
	return append([]string{"--non-interactive"}, args...)
}
