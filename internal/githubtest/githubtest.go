// Package githubtest is a fake GitHub for tests of whole commands: as much of its REST API, in the client library's types,
// as the pull request comment and the drift issue need. Package automation/github has a larger one of its own.
package githubtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"

	gh "github.com/google/go-github/v76/github"
)

// What the fake has.
const (
	Repository  = "acme/platform"
	PullRequest = 7
	Head        = "1111111111111111111111111111111111111111"
	Token       = "token"
)

// GitHub is a running fake.
type GitHub struct {
	// URL is the root of its REST API.
	URL string

	mu       sync.Mutex
	readOnly bool
	last     int64
	comments []*gh.IssueComment
	issues   []*gh.Issue
}

// Start starts a fake that ends with the test.
func Start(t testing.TB) *GitHub {
	t.Helper()
	g := &GitHub{}
	const root = "/repos/" + Repository
	mux := http.NewServeMux()
	mux.HandleFunc("POST /graphql", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{"data": map[string]any{"viewer": map[string]any{"login": "github-actions[bot]"}}})
	})
	mux.HandleFunc("GET "+root+"/pulls/{number}", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, &gh.PullRequest{Number: gh.Ptr(PullRequest), Head: &gh.PullRequestBranch{SHA: gh.Ptr(Head)}})
	})
	mux.HandleFunc("GET "+root+"/issues/{number}/comments", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, g.comments)
	})
	mux.HandleFunc("POST "+root+"/issues/{number}/comments", g.create)
	mux.HandleFunc("PATCH "+root+"/issues/comments/{id}", g.edit)
	mux.HandleFunc("GET "+root+"/issues", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, g.issues) })
	mux.HandleFunc("POST "+root+"/issues", g.open)
	mux.HandleFunc("PATCH "+root+"/issues/{number}", g.editIssue)
	mux.HandleFunc("GET "+root+"/labels/{name}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, &gh.Label{Name: gh.Ptr(r.PathValue("name"))})
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		defer g.mu.Unlock()
		switch {
		case r.Header.Get("Authorization") != "Bearer "+Token:
			answer(w, http.StatusUnauthorized, &gh.ErrorResponse{Message: "Bad credentials"})
		case g.readOnly && r.Method != http.MethodGet && r.URL.Path != "/graphql":
			answer(w, http.StatusForbidden, &gh.ErrorResponse{Message: "Resource not accessible by integration"})
		default:
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	g.URL = server.URL
	return g
}

// ReadOnly makes the token read-only, as for pull requests from forks.
func (g *GitHub) ReadOnly() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.readOnly = true
}

// Comments are the bodies of the pull request's comments.
func (g *GitHub) Comments() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []string
	for _, c := range g.comments {
		out = append(out, c.GetBody())
	}
	return out
}

// Issues are the issues, as "state title".
func (g *GitHub) Issues() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []string
	for _, i := range g.issues {
		out = append(out, i.GetState()+" "+i.GetTitle())
	}
	return out
}

// Issue is the body of the first issue.
func (g *GitHub) Issue() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.issues[0].GetBody()
}

// Environment returns the variables of a step in a run about the pull request, and writes the event that started it. The
// step's summary goes to the file "summary" in the directory.
func (g *GitHub) Environment(t testing.TB, dir string, run int) map[string]string {
	t.Helper()
	event, err := json.Marshal(map[string]any{"pull_request": &gh.PullRequest{
		Number: gh.Ptr(PullRequest),
		Head:   &gh.PullRequestBranch{SHA: gh.Ptr(Head), Repo: &gh.Repository{FullName: gh.Ptr(Repository)}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "event.json")
	if err := os.WriteFile(file, event, 0o600); err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_API_URL": g.URL, "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": Repository,
		"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": file, "GITHUB_RUN_ID": strconv.Itoa(run), "GITHUB_RUN_ATTEMPT": "1",
		"GITHUB_REF": fmt.Sprintf("refs/pull/%d/merge", PullRequest), "GITHUB_TOKEN": Token, "GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary"),
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func number(r *http.Request, name string) int64 {
	n, _ := strconv.ParseInt(r.PathValue(name), 10, 64)
	return n
}

func (g *GitHub) create(w http.ResponseWriter, r *http.Request) {
	var c gh.IssueComment
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		answer(w, http.StatusBadRequest, &gh.ErrorResponse{Message: "Problems parsing JSON"})
		return
	}
	g.last++
	c.ID, c.User = gh.Ptr(g.last), &gh.User{Login: gh.Ptr("github-actions[bot]")}
	c.HTMLURL = gh.Ptr(fmt.Sprintf("https://github.com/%s/pull/%d#issuecomment-%d", Repository, PullRequest, g.last))
	g.comments = append(g.comments, &c)
	answer(w, http.StatusCreated, &c)
}

func (g *GitHub) edit(w http.ResponseWriter, r *http.Request) {
	var edited gh.IssueComment
	i := slices.IndexFunc(g.comments, func(c *gh.IssueComment) bool { return c.GetID() == number(r, "id") })
	if err := json.NewDecoder(r.Body).Decode(&edited); err != nil || i < 0 {
		answer(w, http.StatusNotFound, &gh.ErrorResponse{Message: "Not Found"})
		return
	}
	g.comments[i].Body = edited.Body
	answer(w, http.StatusOK, g.comments[i])
}

func (g *GitHub) open(w http.ResponseWriter, r *http.Request) {
	var request gh.IssueRequest
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		answer(w, http.StatusBadRequest, &gh.ErrorResponse{Message: "Problems parsing JSON"})
		return
	}
	g.last++
	issue := &gh.Issue{
		Number: gh.Ptr(int(g.last)), State: gh.Ptr("open"), Title: request.Title, Body: request.Body,
		User: &gh.User{Login: gh.Ptr("github-actions[bot]")}, HTMLURL: gh.Ptr(fmt.Sprintf("https://github.com/%s/issues/%d", Repository, g.last)),
	}
	g.issues = append(g.issues, issue)
	answer(w, http.StatusCreated, issue)
}

func (g *GitHub) editIssue(w http.ResponseWriter, r *http.Request) {
	var request gh.IssueRequest
	i := slices.IndexFunc(g.issues, func(i *gh.Issue) bool { return int64(i.GetNumber()) == number(r, "number") })
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil || i < 0 {
		answer(w, http.StatusNotFound, &gh.ErrorResponse{Message: "Not Found"})
		return
	}
	issue := g.issues[i]
	for _, member := range []struct{ to, from **string }{{&issue.State, &request.State}, {&issue.Title, &request.Title}, {&issue.Body, &request.Body}} {
		if *member.from != nil {
			*member.to = *member.from
		}
	}
	answer(w, http.StatusOK, issue)
}
