package plan

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

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
	c := NewCollector(op, "prod", func(e Event) { seen = append(seen, e) })
	for line := range bytes.Lines(raw) {
		var e apitype.EngineEvent
		require.NoError(t, json.Unmarshal(line, &e))
		c.Add(events.EngineEvent{EngineEvent: e})
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
		failed  bool
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
			failed:  true,
		},
		{
			file: "preview-program-fails.jsonl", op: OpPreview,
			steps:   map[string]string{"warehouse-prod": "create planned"},
			changes: map[string]int{"create": 1},
			errors:  []string{"boxes: there is no box for that"},
			failed:  true,
		},
		{
			file: "up-protected.jsonl", op: OpUp,
			steps:   map[string]string{"safe": "delete failed"},
			changes: map[string]int{"same": 2},
			errors:  []string{"fake:index:Box safe: is protected from deletion"},
			failed:  true,
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
		assert.Equal(t, !c.failed, r.Succeeded(), c.file)
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

// drift names what a result found changed.
func drift(r *Result) map[string]string {
	out := map[string]string{}
	for _, s := range r.Drift {
		out[s.Name] = s.Op
	}
	return out
}

func TestWhatTheEngineDoesBeforeItsResourcesIsTold(t *testing.T) {
	t.Parallel()
	var seen []Event
	c := NewCollector(OpUp, "prod", func(e Event) { seen = append(seen, e) })
	for _, p := range []apitype.ProgressEvent{
		{Type: apitype.PluginDownload, Message: "Downloading plugin aws-6.83.4", Completed: 50, Total: 200},
		{Type: apitype.PluginInstall, Message: "Installing plugin aws-6.83.4"},
		{Type: apitype.PluginInstall, Message: "Installing plugin aws-6.83.4", Done: true},
	} {
		c.Add(events.EngineEvent{EngineEvent: apitype.EngineEvent{ProgressEvent: &p}})
	}
	var said []string
	for _, e := range seen {
		assert.Equal(t, EventProgress, e.Kind)
		assert.Equal(t, "prod", e.Stack)
		said = append(said, e.Progress)
	}
	assert.Equal(t, []string{
		"Downloading plugin aws-6.83.4: 25%", "Installing plugin aws-6.83.4", "Installing plugin aws-6.83.4: done",
	}, said)
}
