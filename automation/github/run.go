package github

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	gh "github.com/google/go-github/v76/github"
)

// Run is the workflow run that this process is a step of.
type Run struct {
	Repository Repository
	// APIURL and ServerURL are the root URLs of the REST API and of the web pages.
	APIURL, ServerURL string
	// Event is what started the run, such as pull_request or schedule.
	Event string
	// PullRequest is the number of the pull request that the run is about; 0 if none.
	PullRequest int
	// Head is the commit that the run is about: for a pull request its newest one, not the merge commit that is checked
	// out. Empty if the event does not say, as for comments on a pull request: use Client.Head.
	Head string
	// Fork: the pull request comes from another repository. Its program must not be trusted; in runs of the event
	// pull_request the token is read-only, and there are no secrets.
	Fork bool
	// RunID increases with every run, and Attempt with every re-run of one.
	RunID   int64
	Attempt int
	// URL is the page of this attempt.
	URL string
	// Actor is who started the run, or re-ran it.
	Actor string
	// Workflow and Job are their names, and Ref is the branch or tag.
	Workflow, Job, Ref string
}

// Surroundings is where a run's description is read from.
type Surroundings struct {
	// Getenv reads a variable, as os.Getenv. Required.
	Getenv func(string) string
	// ReadFile reads the payload of the event, as os.ReadFile. Required.
	ReadFile func(string) ([]byte, error)
}

// event is what is read of the payload of the events that can be about a pull request.
type event struct {
	PullRequest *gh.PullRequest `json:"pull_request"`
	Issue       *gh.Issue       `json:"issue"`
	WorkflowRun *struct {
		HeadSHA      string            `json:"head_sha"`
		HeadRepo     *gh.Repository    `json:"head_repository"`
		PullRequests []*gh.PullRequest `json:"pull_requests"`
	} `json:"workflow_run"`
}

var (
	pullRef  = regexp.MustCompile(`^refs/pull/([0-9]+)/`)
	queueRef = regexp.MustCompile(`^refs/heads/gh-readonly-queue/.+/pr-([0-9]+)-[0-9a-f]+$`)
)

// ReadRun returns the run of this process, from the variables and the event of
// https://docs.github.com/actions/reference/workflows-and-actions/variables: ErrNotActions if it is not in one.
func ReadRun(from Surroundings) (*Run, error) {
	env := from.Getenv
	if env("GITHUB_ACTIONS") != "true" {
		return nil, fmt.Errorf("GITHUB_ACTIONS: %w: it is not \"true\"", ErrNotActions)
	}
	run := &Run{
		APIURL: env("GITHUB_API_URL"), ServerURL: env("GITHUB_SERVER_URL"), Event: env("GITHUB_EVENT_NAME"),
		Workflow: env("GITHUB_WORKFLOW"), Job: env("GITHUB_JOB"), Ref: env("GITHUB_REF"),
		Actor: env("GITHUB_TRIGGERING_ACTOR"),
	}
	if run.Actor == "" {
		run.Actor = env("GITHUB_ACTOR")
	}
	var found bool
	if run.Repository.Owner, run.Repository.Name, found = strings.Cut(env("GITHUB_REPOSITORY"), "/"); !found {
		return nil, fmt.Errorf("GITHUB_REPOSITORY: %w: it must be owner/name, got %q", ErrNotActions, env("GITHUB_REPOSITORY"))
	}
	var err error
	if run.RunID, err = strconv.ParseInt(env("GITHUB_RUN_ID"), 10, 64); err != nil {
		return nil, fmt.Errorf("GITHUB_RUN_ID: %w: it must be a number, got %q", ErrNotActions, env("GITHUB_RUN_ID"))
	}
	if run.Attempt, err = strconv.Atoi(env("GITHUB_RUN_ATTEMPT")); err != nil {
		return nil, fmt.Errorf("GITHUB_RUN_ATTEMPT: %w: it must be a number, got %q", ErrNotActions, env("GITHUB_RUN_ATTEMPT"))
	}
	run.URL = fmt.Sprintf("%s/%s/actions/runs/%d/attempts/%d", run.ServerURL, run.Repository, run.RunID, run.Attempt)
	var payload event
	if path := env("GITHUB_EVENT_PATH"); path != "" {
		raw, err := from.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("GITHUB_EVENT_PATH: %w: %w", ErrNotActions, err)
		}
		if err := json.Unmarshal(raw, &payload); err != nil {
			return nil, fmt.Errorf("GITHUB_EVENT_PATH: %w: %s is not the payload of an event: %w", ErrNotActions, path, err)
		}
	}
	run.subject(payload, env("GITHUB_SHA"))
	return run, nil
}

// subject determines the pull request and the commit that the run is about.
func (r *Run) subject(payload event, sha string) {
	switch {
	case payload.PullRequest != nil:
		r.PullRequest, r.Head = payload.PullRequest.GetNumber(), payload.PullRequest.GetHead().GetSHA()
		// A deleted fork no longer has a repository.
		r.Fork = !strings.EqualFold(payload.PullRequest.GetHead().GetRepo().GetFullName(), r.Repository.String())
	case payload.Issue != nil && payload.Issue.IsPullRequest():
		r.PullRequest = payload.Issue.GetNumber()
	case payload.WorkflowRun != nil:
		// The run's own ref is the default branch. Pull requests from forks are not in the list.
		r.Head = payload.WorkflowRun.HeadSHA
		r.Fork = !strings.EqualFold(payload.WorkflowRun.HeadRepo.GetFullName(), r.Repository.String())
		if len(payload.WorkflowRun.PullRequests) > 0 {
			r.PullRequest = payload.WorkflowRun.PullRequests[0].GetNumber()
		}
	default:
		r.Head = sha
		if match := pullRef.FindStringSubmatch(r.Ref); match != nil {
			r.PullRequest, _ = strconv.Atoi(match[1])
			r.Head = "" // sha is the merge commit
		} else if match := queueRef.FindStringSubmatch(r.Ref); match != nil {
			r.PullRequest, _ = strconv.Atoi(match[1])
		}
	}
}
