package automation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation/plan"
)

func TestFailedRunsAreClassifiedByTheirEvents(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]struct {
		kind    error
		message string
	}{
		"up-refused.jsonl":            {ErrProvider, "fake:index:Box heavy: api error TooHeavy: the box is too heavy"},
		"preview-program-fails.jsonl": {ErrProgram, "boxes: there is no box for that"},
		"up-protected.jsonl":          {ErrRefused, "fake:index:Box safe: is protected from deletion"},
	} {
		raw, err := os.ReadFile(filepath.Join("plan", "testdata", file))
		require.NoError(t, err)
		c := plan.NewCollector(plan.OpUp, "prod", nil)
		for line := range bytes.Lines(raw) {
			var e apitype.EngineEvent
			require.NoError(t, json.Unmarshal(line, &e))
			c.Add(events.EngineEvent{EngineEvent: e})
		}
		e := classify(t.Context(), &attempt{operation: plan.OpUp, stack: "prod", err: errors.New("exit status 1"), result: c.Result()})
		assert.ErrorIs(t, e, want.kind, file)
		assert.Equal(t, []string{want.message}, e.Messages, file)
	}
}

func TestFailuresOutsideOfTheEngineAreClassifiedByWhatTheCLISays(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name, stderr string
		ctx          context.Context
		kind         error
		messages     []string
	}{
		{
			name: "a lock in a self-managed backend",
			stderr: "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the " +
				"lock file with `pulumi cancel`.\n  file:///s/.pulumi/locks/organization/p/prod/1.json: created by ci@runner-7 (pid 4711) at 2026-11-21T12:00:00Z\n",
			kind: ErrLocked,
			messages: []string{"held by ci@runner-7 (process 4711) since 2026-11-21T12:00:00Z; wait for it or, if that process is gone, " +
				"remove the lock"},
		},
		{
			name: "a lock in Pulumi Cloud", stderr: "error: [409] Conflict: Another update is currently in progress.\n",
			kind: ErrLocked, messages: []string{"another update is in progress; wait for it"},
		},
		{
			name: "no stack", stderr: "error: no stack named 'prod' found\n",
			kind: ErrNoStack, messages: []string{"create it with: pulumi stack init prod"},
		},
		{
			name: "no login", stderr: "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions\n",
			kind: ErrEngine, messages: []string{"not logged in to a Pulumi backend: run pulumi login, or set PULUMI_BACKEND_URL or PULUMI_ACCESS_TOKEN"},
		},
		{
			name: "a wrong passphrase", stderr: "warning: a new version of Pulumi is available.\n\n\x1b[31merror: \x1b[0mgetting secrets manager: passphrase must be set with\nPULUMI_CONFIG_PASSPHRASE\n",
			kind: ErrEngine, messages: []string{"getting secrets manager: passphrase must be set with PULUMI_CONFIG_PASSPHRASE"},
		},
		{name: "silence", kind: ErrEngine, messages: []string{"exit status 255"}},
		{name: "an interrupt", stderr: "error: update canceled\n", ctx: ended, kind: ErrCancelled},
	} {
		ctx := c.ctx
		if ctx == nil {
			ctx = t.Context()
		}
		e := classify(ctx, &attempt{operation: plan.OpUp, stack: "prod", stderr: c.stderr, unlock: "remove the lock", err: errors.New("exit status 255\nstdout: everything")})
		assert.ErrorIs(t, e, c.kind, c.name)
		assert.Equal(t, c.messages, e.Messages, c.name)
		assert.NotContains(t, e.Error(), "\x1b", c.name)
	}
}

func TestAnEventStreamThatNeverOpensDoesNotHoldTheCallerUp(t *testing.T) {
	t.Parallel()
	w := &workspace{session: &Attachment{}}
	started := time.Now()
	_, err := w.engine(t.Context(), plan.OpUp, "prod", nil, func(context.Context, chan<- events.EngineEvent, io.Writer, io.Writer) error {
		return errors.New("the CLI failed before it opened the stream")
	})
	assert.ErrorIs(t, err, ErrEngine)
	assert.Less(t, time.Since(started), 5*time.Second)
}

func TestAnUpdateSucceedsEvenIfALaterReadFails(t *testing.T) {
	t.Parallel()
	w := &workspace{session: &Attachment{}}
	r, err := w.engine(t.Context(), plan.OpUp, "prod", nil, func(_ context.Context, ch chan<- events.EngineEvent, _, _ io.Writer) error {
		ch <- events.EngineEvent{EngineEvent: apitype.EngineEvent{SummaryEvent: &apitype.SummaryEvent{
			ResourceChanges: map[apitype.OpType]int{apitype.OpCreate: 3}, Result: apitype.OperationResultSucceeded,
		}}}
		close(ch)
		return errors.New("could not read the history")
	})
	require.NoError(t, err)
	assert.Equal(t, 3, r.Count("create"))
}
