package workflows_test

import (
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// workflow is what the rules read of a workflow file.
type workflow struct {
	On          yaml.Node      `yaml:"on"`
	Permissions *permissions   `yaml:"permissions"`
	Jobs        map[string]job `yaml:"jobs"`
}

type job struct {
	Uses        string            `yaml:"uses"`
	With        map[string]string `yaml:"with"`
	RunsOn      string            `yaml:"runs-on"`
	Environment string            `yaml:"environment"`
	Timeout     int               `yaml:"timeout-minutes"`
	Permissions *permissions      `yaml:"permissions"`
	Steps       []step            `yaml:"steps"`
}

type step struct {
	Uses string            `yaml:"uses"`
	With map[string]string `yaml:"with"`
	Env  map[string]string `yaml:"env"`
	Run  string            `yaml:"run"`
}

// action is what the rules read of a composite action.
type action struct {
	Runs struct {
		Steps []step `yaml:"steps"`
	} `yaml:"runs"`
}

// permissions are those of a token, by name; a word, as "write-all", stands under its own name.
type permissions map[string]string

// UnmarshalYAML reads a mapping or a word.
func (p *permissions) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*p = permissions{n.Value: n.Value}
		return nil
	}
	var m map[string]string
	if err := n.Decode(&m); err != nil {
		return err
	}
	*p = m
	return nil
}

// writes returns what a job may write, its tokens for other services apart.
func (p *permissions) writes() []string {
	if p == nil {
		return nil
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(*p)) {
		if value := (*p)[name]; strings.HasPrefix(value, "write") && name != "id-token" {
			out = append(out, name)
		}
	}
	return out
}

// events returns what starts a workflow.
func (w workflow) events() []string {
	var out []string
	switch w.On.Kind {
	case yaml.ScalarNode:
		out = append(out, w.On.Value)
	case yaml.SequenceNode:
		for _, n := range w.On.Content {
			out = append(out, n.Value)
		}
	case yaml.MappingNode:
		for i := 0; i < len(w.On.Content); i += 2 {
			out = append(out, w.On.Content[i].Value)
		}
	}
	return out
}

// files are the texts of the repository's workflows and actions, by path.
type files map[string]string

func repository(t *testing.T) files {
	t.Helper()
	out := files{}
	for _, pattern := range []string{".github/workflows/*.yml", ".github/workflows/*.yaml", ".github/actions/*/action.yml"} {
		found, err := filepath.Glob(filepath.Join("../..", pattern))
		require.NoError(t, err)
		for _, f := range found {
			raw, err := os.ReadFile(f)
			require.NoError(t, err)
			name, err := filepath.Rel("../..", f)
			require.NoError(t, err)
			out[filepath.ToSlash(name)] = string(raw)
		}
	}
	require.Greater(t, len(out), 5, "found no workflows: this test would check nothing")
	return out
}

// running is a job with steps, and how it came to run.
type running struct {
	name string
	job
	// pullRequest reports whether a pull request can start it.
	pullRequest bool
	// inputs are what the jobs that call its workflow pass to it.
	inputs []map[string]string
}

// running returns the jobs with steps of all workflows, those of called ones with what their callers pass.
func (f files) running() ([]running, error) {
	workflows := map[string]workflow{}
	for name, text := range f {
		if path.Base(name) == "action.yml" {
			continue
		}
		var w workflow
		if err := yaml.Unmarshal([]byte(text), &w); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		workflows[name] = w
	}
	found := map[string]*running{}
	var walk func(file string, pullRequest bool, inputs map[string]string) error
	walk = func(file string, pullRequest bool, inputs map[string]string) error {
		w, known := workflows[file]
		if !known {
			return fmt.Errorf("%s is called and does not exist", file)
		}
		for name, j := range w.Jobs {
			if called, local := strings.CutPrefix(j.Uses, "./"); local {
				if err := walk(called, pullRequest, j.With); err != nil {
					return err
				}
				continue
			}
			key := file + ": " + name
			r := found[key]
			if r == nil {
				r = &running{name: key, job: j}
				found[key] = r
			}
			r.pullRequest = r.pullRequest || pullRequest
			r.inputs = append(r.inputs, inputs)
		}
		return nil
	}
	for name, w := range workflows {
		events := w.events()
		if slices.Equal(events, []string{"workflow_call"}) {
			continue
		}
		if err := walk(name, slices.Contains(events, "pull_request"), nil); err != nil {
			return nil, err
		}
	}
	out := make([]running, 0, len(found))
	for _, name := range slices.Sorted(maps.Keys(found)) {
		out = append(out, *found[name])
	}
	return out, nil
}
