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
)

// replay feeds recorded events to a collector.
func replay(t *testing.T, op Operation, file string) (*Result, []Event) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", file))
	require.NoError(t, err)
	var seen []Event
	c := newCollector(op, "prod", func(e Event) { seen = append(seen, e) })
	for line := range bytes.Lines(raw) {
		var e apitype.EngineEvent
		require.NoError(t, json.Unmarshal(line, &e))
		c.add(events.EngineEvent{EngineEvent: e})
	}
	return c.result, seen
}

func TestRecordedEventsBecomeResults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file    string
		op      Operation
		steps   map[string]string // name -> op and status
		drift   map[string]string
		changes map[string]int
		errors  []string
		kind    error // of the failure; nil for a run that succeeded
	}{
		{
			file: "up-replaces.jsonl", op: OpUp,
			steps:   map[string]string{"a": "replace done", "b": "replace done"},
			changes: map[string]int{"replace": 2, "same": 1},
		},
		{
			file: "up-refused.jsonl", op: OpUp,
			steps:   map[string]string{"warehouse-prod": "create done", "default": "create done", "a": "create done", "heavy": "create failed"},
			changes: map[string]int{"create": 2},
			errors:  []string{"fake:index:Box heavy: api error TooHeavy: the box is too heavy"},
			kind:    ErrProvider,
		},
		{
			file: "preview-program-fails.jsonl", op: OpPreview,
			steps:   map[string]string{"warehouse-prod": "create planned"},
			changes: map[string]int{"create": 1},
			errors:  []string{"boxes: there is no box for that"},
			kind:    ErrProgram,
		},
		{
			file: "up-protected.jsonl", op: OpUp,
			steps:   map[string]string{"safe": "delete failed"},
			changes: map[string]int{"same": 2},
			errors:  []string{"fake:index:Box safe: is protected from deletion"},
			kind:    ErrRefused,
		},
		{
			file: "refresh-drift.jsonl", op: OpRefresh,
			steps:   map[string]string{},
			drift:   map[string]string{"a": "update", "b": "delete"},
			changes: map[string]int{"delete": 1, "same": 2, "update": 1},
		},
		{
			file: "preview-drift.jsonl", op: OpPreview,
			steps:   map[string]string{"a": "update planned", "b": "create planned"},
			drift:   map[string]string{"a": "update", "b": "delete"},
			changes: map[string]int{"create": 1, "same": 2, "update": 1},
		},
	} {
		r, _ := replay(t, c.op, c.file)
		steps := map[string]string{}
		for _, s := range r.Steps {
			steps[s.Name] = s.Op + " " + string(s.Status)
		}
		assert.Equal(t, c.steps, steps, c.file)
		if c.drift == nil {
			c.drift = map[string]string{}
		}
		assert.Equal(t, c.drift, drift(r), c.file)
		assert.Equal(t, c.changes, r.Changes, c.file)
		var said []string
		for _, d := range r.Errors {
			said = append(said, d.String())
		}
		assert.Equal(t, c.errors, said, c.file)
		assert.Equal(t, c.kind == nil, r.succeeded, c.file)
		if c.kind != nil {
			e := classify(t.Context(), &attempt{operation: c.op, stack: "prod", err: errors.New("exit status 1"), result: r})
			assert.ErrorIs(t, e, c.kind, c.file)
			assert.Equal(t, c.errors, e.Messages, c.file)
		}
	}
}

func TestAReplacementNamesItsCauseAndIsOneStep(t *testing.T) {
	t.Parallel()
	r, seen := replay(t, OpUp, "up-replaces.jsonl")
	require.Len(t, r.Steps, 2)
	assert.Equal(t, []string{"shape"}, r.Steps[0].ReplaceKeys)
	assert.Contains(t, r.Steps[0].DiffKeys, "shape")
	assert.Equal(t, []PropertyChange{{Path: "shape", Kind: PropertyUpdated, Replaces: true, Old: `"cube"`, New: `"ball"`}}, r.Steps[0].Properties)
	assert.False(t, r.Steps[0].DeletedFirst)
	assert.NotEmpty(t, seen)
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
			messages: []string{"held by ci@runner-7 (process 4711) since 2026-11-21T12:00:00Z; wait for it or, when that process is gone, " +
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
			kind: ErrEngine, messages: []string{"nobody is logged in to a Pulumi backend: run pulumi login, or set PULUMI_BACKEND_URL or PULUMI_ACCESS_TOKEN"},
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
		e := classify(ctx, &attempt{operation: OpUp, stack: "prod", stderr: c.stderr, unlock: "remove the lock", err: errors.New("exit status 255\nstdout: everything")})
		assert.ErrorIs(t, e, c.kind, c.name)
		assert.Equal(t, c.messages, e.Messages, c.name)
		assert.NotContains(t, e.Error(), "\x1b", c.name)
	}
}

func TestAnEventStreamThatNeverOpensDoesNotHoldTheCallerUp(t *testing.T) {
	t.Parallel()
	w := &workspace{session: &session{}}
	started := time.Now()
	_, err := w.engine(t.Context(), OpUp, "prod", nil, func(context.Context, chan<- events.EngineEvent, io.Writer, io.Writer) error {
		return errors.New("the CLI failed before it opened the stream")
	})
	assert.ErrorIs(t, err, ErrEngine)
	assert.Less(t, time.Since(started), 5*time.Second)
}

func TestAnUpdateThatSucceededStandsWhenAReadAfterItFails(t *testing.T) {
	t.Parallel()
	w := &workspace{session: &session{}}
	r, err := w.engine(t.Context(), OpUp, "prod", nil, func(_ context.Context, ch chan<- events.EngineEvent, _, _ io.Writer) error {
		ch <- events.EngineEvent{EngineEvent: apitype.EngineEvent{SummaryEvent: &apitype.SummaryEvent{
			ResourceChanges: map[apitype.OpType]int{apitype.OpCreate: 3}, Result: apitype.OperationResultSucceeded,
		}}}
		close(ch)
		return errors.New("could not read the history")
	})
	require.NoError(t, err)
	assert.Equal(t, 3, r.Count("create"))
}
