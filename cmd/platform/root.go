package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/plural"
)

// The exit codes, which the help text explains.
const (
	exitOK        = 0
	exitFailed    = 1
	exitUsage     = 2
	exitRefused   = 3
	exitChanges   = 4
	exitLocked    = 5
	exitCancelled = 130
)

const exitCodes = `Exit codes:
  0    success, or nothing to do
  1    failure
  2    wrong usage, or an invalid configuration
  3    refused: by the answer "no", or by a gate: an environment before its owner, a protected resource, a missing or stale
       approval, a critical resource that was not allowed
  4    there are changes (preview --exit-code) or drift (drift)
  5    locked: another run is in progress, or a killed run left a lock, operations of unknown outcome or a damaged state
  130  interrupted`

// run runs the command with arguments and returns its exit code.
func run(ctx context.Context, t *terminal, args []string) int {
	heard := t.listen()
	root := newRoot(t)
	root.SetArgs(args)
	if c, _, err := root.Find(args); err == nil && c != root && c.Short != "" {
		what := strings.ToLower(c.Short[:1]) + c.Short[1:]
		defer t.speakUp(heard, c.CommandPath()+" is at work: "+what)()
	}
	err := root.ExecuteContext(ctx)
	if err != nil && !errors.Is(err, errReported) && !errors.Is(err, errChanges) && !errors.Is(err, errBlocked) {
		t.note("error: " + message(err))
	}
	if err != nil && t.asJSON && !t.told {
		_ = t.json(failure{message(err)})
	}
	return exitCode(err)
}

func newRoot(t *terminal) *cobra.Command {
	root := &cobra.Command{
		Use:   "platform",
		Short: "Rehearse, preview, deploy and destroy the platform's environments",
		Long: `Rehearse, preview, deploy and destroy the platform's environments.

An environment is a stack file, Pulumi.<environment>.yaml. "platform rehearse" brings all of them up on this machine,
without an AWS account; "--cloud aws" uses the Pulumi backend and the AWS credentials of the shell.

` + exitCodes,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       "platform", // asks for the flag; what it prints is below
	}
	project := root.PersistentFlags().StringP("project", "p", ".", "directory with Pulumi.yaml and the stack files")
	root.PersistentPreRun = func(c *cobra.Command, _ []string) { findProject(c, project) }
	root.SetVersionTemplate(version())
	root.SetOut(t.out)
	root.SetErr(t.err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return usage(c, err) })
	root.AddCommand(newRehearse(t, project), newPreview(t, project), newReport(t))
	for _, c := range newOperations(t, project) {
		root.AddCommand(c)
	}
	root.AddCommand(newOutputs(t, project), newValidate(t, project), newSchema(t), newPlanNetwork(t, project), newPlacement(t, project))
	root.AddCommand(newDeploy(t, project), newDrift(t, project), newHistory(t, project), newLease(t, project), newRepair(t, project))
	root.AddCommand(newRehearsal(t, project), newBootstrap(t, project), newEnvironments(t, project), newImages(t, project), newRender(t, project))
	completions(root, project)
	return root
}

// errUsage is wrong usage of the command; errReported stands for problems that were already printed.
var (
	errUsage    = errors.New("wrong usage")
	errReported = errors.New("reported")
)

// failure is the error in a JSON document.
type failure struct {
	Error string `json:"error,omitempty"`
}

// failureOf is empty when there is no error.
func failureOf(err error) failure {
	if err == nil {
		return failure{}
	}
	return failure{message(err)}
}

// jsonFlag adds the flag --json to a command.
func (t *terminal) jsonFlag(c *cobra.Command) {
	c.Flags().BoolVar(&t.asJSON, "json", false, "print one JSON document, with an error member if the command fails")
}

func usage(c *cobra.Command, err error) error {
	if c == nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	return fmt.Errorf("%w: %w (see %s --help)", errUsage, err, c.CommandPath())
}

// exactly makes a command take exactly n arguments, and say what they are.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return usage(c, fmt.Errorf("expected %s, got %s", what, plural.Of(len(args), "argument")))
		}
		return nil
	}
}

// exitCode returns the exit code for an error.
func exitCode(err error) int {
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errChanges):
		return exitChanges
	case errors.Is(err, automation.ErrCancelled), errors.Is(err, context.Canceled):
		return exitCancelled
	case errors.Is(err, automation.ErrRefused):
		return exitRefused
	case errors.Is(err, automation.ErrLocked), errors.Is(err, automation.ErrPending), errors.Is(err, automation.ErrDamaged), errors.Is(err, errBlocked):
		return exitLocked
	case errors.Is(err, errUsage), errors.Is(err, errReported), errors.Is(err, automation.ErrInvalid), errors.Is(err, plan.ErrNoPlan), strings.HasPrefix(err.Error(), "unknown command"):
		return exitUsage
	}
	return exitFailed
}

// message is the text of an error, with advice. Joined errors, of several environments, are printed one after the other.
func message(err error) string {
	text := strings.TrimPrefix(err.Error(), errUsage.Error()+": ")
	for _, line := range advice(err) {
		text += "\n" + line
	}
	return strings.ReplaceAll(text, "\n", "\n  ")
}
