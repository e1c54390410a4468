package workflows_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// hosted is the label of GitHub's own runners, which serve one job each.
const hosted = "ubuntu-24.04"

// base is the only revision that a job with write permissions may check out for a pull request.
const base = "${{ github.event.pull_request.base.sha }}"

var pinned = regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`)

// problems returns what the workflows do that they must not.
func (f files) problems() ([]string, error) {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for name, text := range f {
		var w workflow
		var a action
		if err := yaml.Unmarshal([]byte(text), &w); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if err := yaml.Unmarshal([]byte(text), &a); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		uses := stepUses(a.Runs.Steps)
		for id, j := range w.Jobs {
			if j.Permissions == nil {
				add("%s: %s names no permissions", name, id)
			}
			uses = append(append(uses, stepUses(j.Steps)...), j.Uses)
		}
		for _, u := range uses {
			if u != "" && !strings.HasPrefix(u, "./") && !pinned.MatchString(u) {
				add("%s: %s is not pinned by a commit", name, u)
			}
		}
		if len(w.Jobs) == 0 {
			continue
		}
		if writes := w.Permissions.writes(); w.Permissions == nil || len(writes) > 0 {
			add("%s: permissions belong to jobs, not to the workflow", name)
		}
		for _, event := range w.events() {
			if slices.Contains([]string{"pull_request_target", "workflow_run", "issue_comment", "pull_request_review"}, event) {
				add("%s: %s gives a stranger's pull request the repository's own permissions", name, event)
			}
		}
	}
	jobs, err := f.running()
	if err != nil {
		return nil, err
	}
	for _, j := range jobs {
		for _, p := range j.problems() {
			add("%s: %s", j.name, p)
		}
	}
	return append(out, sharedRunners(jobs)...), nil
}

func stepUses(steps []step) []string {
	var out []string
	for _, s := range steps {
		out = append(out, s.Uses)
	}
	return out
}

// problems returns what is wrong with one job.
func (r running) problems() []string {
	var out []string
	if r.Timeout == 0 {
		out = append(out, "has no timeout")
	}
	for _, s := range r.Steps {
		if strings.HasPrefix(s.Uses, "actions/checkout@") && s.With["persist-credentials"] != "false" {
			out = append(out, "leaves its token in the checkout")
		}
	}
	if !r.pullRequest {
		return out
	}
	if writes := r.Permissions.writes(); len(writes) > 0 {
		for _, s := range r.Steps {
			if strings.HasPrefix(s.Uses, "actions/checkout@") && s.With["ref"] != base {
				out = append(out, fmt.Sprintf("may write %s and runs the pull request's code", strings.Join(writes, ", ")))
			}
		}
	}
	if r.Permissions != nil && (*r.Permissions)["id-token"] == "write" && !strings.HasPrefix(r.Environment, "preview-") {
		out = append(out, "gets AWS credentials outside the GitHub environments for previews")
	}
	for _, s := range r.Steps {
		role := s.With["role-to-assume"]
		if role == "" {
			continue
		}
		input, passed := strings.CutPrefix(strings.Trim(role, "${ }"), "inputs.")
		if !passed {
			out = append(out, "assumes a role that its workflow was not given: "+role)
			continue
		}
		for _, inputs := range r.inputs {
			if got := inputs[input]; got != "${{ matrix.planRole }}" {
				out = append(out, "previews with another role than the plan role: "+got)
			}
		}
	}
	return out
}

// sharedRunners returns the labels, other than that of GitHub's own runners, that pull requests' jobs and others have in
// common, whatever the repository's variables are.
func sharedRunners(jobs []running) []string {
	values := []string{"", "one", "two"}
	var out []string
	for _, preview := range values {
		for _, deploy := range values {
			vars := map[string]string{"PLATFORM_PREVIEW_RUNNER": preview, "PLATFORM_RUNNER": deploy}
			labels := map[bool]map[string]string{true: {}, false: {}}
			for _, j := range jobs {
				label, err := evaluate(j.RunsOn, vars)
				if err != nil {
					out = append(out, j.name+": "+err.Error())
					continue
				}
				labels[j.pullRequest][label] = j.name
			}
			for label, other := range labels[false] {
				if j, shared := labels[true][label]; shared && label != hosted {
					out = append(out, fmt.Sprintf("%s, which runs a pull request's code, and %s share a runner when PLATFORM_PREVIEW_RUNNER is %q and PLATFORM_RUNNER is %q",
						j, other, preview, deploy))
				}
			}
		}
	}
	return out
}

// evaluate evaluates the little of GitHub's expressions that labels of runners need: variables, texts, and the operators
// ||, && and !=, which bind in this order, the loosest first.
func evaluate(expression string, vars map[string]string) (string, error) {
	inner, ok := strings.CutPrefix(expression, "${{")
	if !ok {
		return expression, nil
	}
	inner, ok = strings.CutSuffix(inner, "}}")
	if !ok {
		return "", fmt.Errorf("cannot read the runner %q", expression)
	}
	term := func(text string) (string, error) {
		text = strings.TrimSpace(text)
		if name, isVar := strings.CutPrefix(text, "vars."); isVar {
			value, known := vars[name]
			if !known {
				return "", fmt.Errorf("the runner depends on %s, which is the label of no runner", name)
			}
			return value, nil
		}
		if len(text) > 1 && text[0] == '\'' && text[len(text)-1] == '\'' {
			return text[1 : len(text)-1], nil
		}
		return "", fmt.Errorf("cannot read %q in the runner %q", text, expression)
	}
	result := ""
	for _, alternative := range strings.Split(inner, "||") {
		result = "true"
		for _, part := range strings.Split(alternative, "&&") {
			if result == "" {
				break
			}
			left, right, compares := strings.Cut(part, "!=")
			a, err := term(left)
			if err != nil {
				return "", err
			}
			result = a
			if compares {
				b, err := term(right)
				if err != nil {
					return "", err
				}
				result = ""
				if !strings.EqualFold(a, b) {
					result = "true"
				}
			}
		}
		if result != "" {
			return result, nil
		}
	}
	return result, nil
}

func TestNoJobGivesAPullRequestMoreThanItMayHave(t *testing.T) {
	t.Parallel()
	got, err := repository(t).problems()
	require.NoError(t, err)
	assert.Empty(t, got)
}

func TestEachRuleFindsWhatItIsAbout(t *testing.T) {
	t.Parallel()
	const previews, comment = ".github/workflows/preview-environment.yml", ".github/workflows/preview-comment.yml"
	for name, c := range map[string]struct{ file, old, new, want string }{
		"an action by tag": {
			".github/workflows/ci.yml", "actions/setup-go@7a3fe6cf4cb3a834922a1244abfce67bcef6a0c5", "actions/setup-go@v6", "not pinned by a commit",
		},
		"an action by tag in an action": {
			".github/actions/platform/action.yml", "actions/setup-go@7a3fe6cf4cb3a834922a1244abfce67bcef6a0c5", "actions/setup-go@v6", "not pinned by a commit",
		},
		"a comment by the pull request's command": {comment, "ref: " + base, "ref: ${{ github.sha }}", "may write pull-requests and runs the pull request's code"},
		"a checkout without a ref":                {comment, "          ref: " + base + "\n", "", "may write pull-requests and runs the pull request's code"},
		"a preview that may write":                {previews, "contents: read", "contents: write", "may write contents and runs the pull request's code"},
		"a preview outside its environment":       {previews, "environment: preview-", "environment: ", "outside the GitHub environments for previews"},
		"a preview with the deploy role":          {".github/workflows/preview.yml", "role: ${{ matrix.planRole }}", "role: ${{ matrix.deployRole }}", "another role than the plan role"},
		"a preview with a role of its own":        {previews, "${{ inputs.role }}", "${{ vars.PLATFORM_DEPLOY_ROLE }}", "a role that its workflow was not given"},
		"previews on the runner of deploys": {
			previews, "vars.PLATFORM_PREVIEW_RUNNER != vars.PLATFORM_RUNNER && vars.PLATFORM_PREVIEW_RUNNER", "vars.PLATFORM_RUNNER", `share a runner when PLATFORM_PREVIEW_RUNNER is "" and PLATFORM_RUNNER is "one"`,
		},
		"one label for both": {
			previews, "vars.PLATFORM_PREVIEW_RUNNER != vars.PLATFORM_RUNNER && ", "", `share a runner when PLATFORM_PREVIEW_RUNNER is "one" and PLATFORM_RUNNER is "one"`,
		},
		"the privileged event":           {".github/workflows/preview.yml", "  pull_request:", "  pull_request_target:", "pull_request_target gives a stranger's pull request"},
		"a token in the checkout":        {previews, "persist-credentials: false", "persist-credentials: true", "leaves its token in the checkout"},
		"permissions for the whole file": {".github/workflows/drift.yml", "permissions: {}", "permissions: write-all", "permissions belong to jobs"},
		"a job without permissions":      {".github/workflows/deploy.yml", "    permissions: {contents: read, id-token: write}\n", "", "names no permissions"},
		"a job without a timeout":        {previews, "    timeout-minutes: 30\n", "", "has no timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := repository(t)
			require.Contains(t, f[c.file], c.old, "nothing to change in %s", c.file)
			f[c.file] = strings.Replace(f[c.file], c.old, c.new, 1)
			got, err := f.problems()
			require.NoError(t, err)
			assert.Contains(t, strings.Join(got, "\n"), c.want)
		})
	}
}

func TestNoWorkflowNamesAnEnvironment(t *testing.T) {
	t.Parallel()
	for name, text := range repository(t) {
		var w struct {
			Jobs map[string]struct {
				Strategy struct {
					Matrix map[string]any `yaml:"matrix"`
				} `yaml:"strategy"`
			} `yaml:"jobs"`
		}
		require.NoError(t, yaml.Unmarshal([]byte(text), &w), name)
		for id, j := range w.Jobs {
			for key, value := range j.Strategy.Matrix {
				list, isText := value.(string)
				assert.True(t, isText && strings.Contains(list, "needs.environments.outputs."),
					"%s: %s: the matrix %s must come from the list of the stack files, got %v", name, id, key, value)
			}
		}
	}
}
