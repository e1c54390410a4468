package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
)

// The exit codes; the help text names them.
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
  0    it worked, or there was nothing to do
  1    it failed
  2    wrong usage, or a configuration that is not valid
  3    refused by a gate: an environment before its owner, something protected, an approval that is missing or stale, a
       critical resource that was not named, a "no" to the question
  4    there are changes (preview --exit-code) or there is drift (drift)
  5    locked: somebody else is at it, or a run that was killed left a lock, operations whose end is not known, or a
       damaged state
  130  interrupted`

// run runs the command with arguments and returns its exit code.
func run(ctx context.Context, t *terminal, args []string) int {
	root := newRoot(t)
	root.SetArgs(args)
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

An environment is a stack file, Pulumi.<environment>.yaml. "platform rehearse" shows all of them on this machine, with
no AWS account; "--cloud aws" is the real thing, with the Pulumi backend and the AWS credentials that the shell has.

` + exitCodes,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	project := root.PersistentFlags().StringP("project", "p", ".", "directory of Pulumi.yaml and the stack files")
	root.SetOut(t.out)
	root.SetErr(t.err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return usage(c, err) })
	root.AddCommand(newRehearse(t, project), newPreview(t, project), newReport(t))
	for _, c := range newOperations(t, project) {
		root.AddCommand(c)
	}
	root.AddCommand(newValidate(t, project), newSchema(t), newPlanNetwork(t, project), newPlacement(t, project))
	root.AddCommand(newDeploy(t, project), newDrift(t, project), newHistory(t, project), newLease(t, project), newRepair(t, project))
	root.AddCommand(newBootstrap(t, project), newEnvironments(t, project), newImages(t, project), newRender(t, project))
	return root
}

// errUsage is wrong usage of the command; errReported is a configuration whose problems were already told.
var (
	errUsage    = errors.New("wrong usage")
	errReported = errors.New("reported")
)

// failure is what a JSON document says of an error.
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
	c.Flags().BoolVar(&t.asJSON, "json", false, "print one JSON document, which has an error when the command fails")
}

func usage(c *cobra.Command, err error) error {
	return fmt.Errorf("%w: %w (see %s --help)", errUsage, err, c.CommandPath())
}

// exactly makes a command take that many arguments, and say so in words.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return usage(c, fmt.Errorf("expected %s, got %d arguments", what, len(args)))
		}
		return nil
	}
}

// exitCode tells the shell what kind of failure an error is.
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

// message is what a person reads of an error. Joined errors, of environments that ran at the same time, come one after
// the other.
func message(err error) string {
	text := strings.TrimPrefix(err.Error(), errUsage.Error()+": ")
	for _, line := range advice(err) {
		text += "\n" + line
	}
	return strings.ReplaceAll(text, "\n", "\n  ")
}
