package github_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"testing"

	gh "github.com/google/go-github/v76/github"

	"github.com/eks-platform/eks-platform/automation/github"
)

// surroundings are those of a run that an event started.
func surroundings(t *testing.T, event any, more map[string]string) github.Surroundings {
	t.Helper()
	payload, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/platform", "GITHUB_RUN_ID": "4711", "GITHUB_RUN_ATTEMPT": "2",
		"GITHUB_SERVER_URL": "https://github.com", "GITHUB_API_URL": "https://api.github.com", "GITHUB_ACTOR": "alice",
		"GITHUB_SHA": "the merge commit", "GITHUB_EVENT_PATH": "event.json", "GITHUB_WORKFLOW": "preview", "GITHUB_JOB": "dev",
	}
	maps.Copy(env, more)
	return github.Surroundings{
		Getenv: func(name string) string { return env[name] },
		ReadFile: func(name string) ([]byte, error) {
			if name != "event.json" {
				return nil, fs.ErrNotExist
			}
			return payload, nil
		},
	}
}

func pullRequest(from string) *gh.PullRequest {
	return &gh.PullRequest{Number: gh.Ptr(7), Head: &gh.PullRequestBranch{SHA: gh.Ptr(head), Repo: &gh.Repository{FullName: &from}}}
}

func TestARunKnowsItsPullRequestAndTheCommitThatIsNotTheMerge(t *testing.T) {
	t.Parallel()
	deleted := pullRequest("")
	deleted.Head.Repo = nil
	for name, c := range map[string]struct {
		event  any
		more   map[string]string
		number int
		head   string
		fork   bool
	}{
		"pull request":    {&gh.PullRequestEvent{PullRequest: pullRequest("Acme/Platform")}, nil, 7, head, false},
		"from a fork":     {&gh.PullRequestEvent{PullRequest: pullRequest("mallory/platform")}, nil, 7, head, true},
		"of a lost fork":  {&gh.PullRequestEvent{PullRequest: deleted}, nil, 7, head, true},
		"comment on one":  {&gh.IssueCommentEvent{Issue: &gh.Issue{Number: gh.Ptr(7), PullRequestLinks: &gh.PullRequestLinks{}}}, nil, 7, "", false},
		"comment on none": {&gh.IssueCommentEvent{Issue: &gh.Issue{Number: gh.Ptr(7)}}, nil, 0, "the merge commit", false},
		"after a run": {&gh.WorkflowRunEvent{WorkflowRun: &gh.WorkflowRun{
			HeadSHA: gh.Ptr(next), HeadRepository: &gh.Repository{FullName: gh.Ptr("acme/platform")}, PullRequests: []*gh.PullRequest{{Number: gh.Ptr(8)}},
		}}, nil, 8, next, false},
		"only the ref": {map[string]any{}, map[string]string{"GITHUB_REF": "refs/pull/12/merge"}, 12, "", false},
		"merge queue":  {map[string]any{}, map[string]string{"GITHUB_REF": "refs/heads/gh-readonly-queue/main/pr-13-0a1b"}, 13, "the merge commit", false},
		"schedule":     {map[string]any{"schedule": "0 4 * * *"}, map[string]string{"GITHUB_REF": "refs/heads/main"}, 0, "the merge commit", false},
	} {
		run, err := github.ReadRun(surroundings(t, c.event, c.more))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if run.PullRequest != c.number || run.Head != c.head || run.Fork != c.fork {
			t.Errorf("%s: %+v", name, run)
		}
		if run.Repository != repo || run.RunID != 4711 || run.Attempt != 2 || run.Actor != "alice" ||
			run.URL != "https://github.com/acme/platform/actions/runs/4711/attempts/2" {
			t.Errorf("%s: %+v", name, run)
		}
	}
	run, err := github.ReadRun(surroundings(t, struct{}{}, map[string]string{"GITHUB_TRIGGERING_ACTOR": "bob"}))
	if err != nil || run.Actor != "bob" {
		t.Errorf("%+v, %v", run, err)
	}
}

func TestAnIncompleteEnvironmentIsNotARun(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"GITHUB_ACTIONS": "", "GITHUB_REPOSITORY": "platform", "GITHUB_RUN_ID": "x", "GITHUB_RUN_ATTEMPT": "", "GITHUB_EVENT_PATH": "gone.json",
	} {
		if _, err := github.ReadRun(surroundings(t, struct{}{}, map[string]string{name: value})); !errors.Is(err, github.ErrNotActions) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := github.ReadRun(surroundings(t, "not an object", nil)); !errors.Is(err, github.ErrNotActions) {
		t.Errorf("%v", err)
	}
}
