package github_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	gh "github.com/google/go-github/v76/github"

	"github.com/eks-platform/eks-platform/automation/github"
)

const (
	bot  = "github-actions[bot]"
	head = "1111111111111111111111111111111111111111"
	next = "2222222222222222222222222222222222222222"
)

var repo = github.Repository{Owner: "acme", Name: "platform"}

// standIn is as much of GitHub's REST API as the package uses, for one repository, in the client library's own types.
type standIn struct {
	*http.ServeMux

	mu       sync.Mutex
	lastID   int64
	head     string // of every pull request
	comments map[int][]*gh.IssueComment
	issues   []*gh.Issue
	labels   []*gh.Label
	requests []string

	// maxBody is the longest body, in characters.
	maxBody int
	// logins are whom tokens belong to, and readOnly are those that may not write.
	logins   map[string]string
	readOnly map[string]bool
	// latency is how long a request and its answer take, each.
	latency func() time.Duration
	// before is called before a request is carried out; it can answer itself, and then returns true.
	before func(w http.ResponseWriter, r *http.Request) bool
	// after is called when a request was carried out, before it is answered.
	after func(r *http.Request)
}

func newStandIn() *standIn {
	s := &standIn{
		ServeMux: http.NewServeMux(), lastID: 1000, head: head, maxBody: 65_536,
		comments: map[int][]*gh.IssueComment{},
		logins:   map[string]string{"token": bot, "mallory": "mallory"}, readOnly: map[string]bool{},
	}
	const root = "/repos/acme/platform"
	s.HandleFunc("POST /graphql", s.viewer)
	s.HandleFunc("GET "+root+"/pulls/{number}", s.pull)
	s.HandleFunc("GET "+root+"/issues/{number}/comments", s.listComments)
	s.HandleFunc("POST "+root+"/issues/{number}/comments", s.createComment)
	s.HandleFunc("PATCH "+root+"/issues/comments/{id}", s.editComment)
	s.HandleFunc("DELETE "+root+"/issues/comments/{id}", s.deleteComment)
	s.HandleFunc("GET "+root+"/issues", s.listIssues)
	s.HandleFunc("POST "+root+"/issues", s.createIssue)
	s.HandleFunc("PATCH "+root+"/issues/{number}", s.editIssue)
	s.HandleFunc("GET "+root+"/labels/{name}", s.label)
	s.HandleFunc("POST "+root+"/labels", s.createLabel)
	return s
}

// client returns a client of the stand-in that uses no network, so that time can be a test's own.
func (s *standIn) client(t *testing.T, opts github.Options) *github.Client {
	t.Helper()
	opts.HTTP = &http.Client{Transport: s}
	opts.Token = cmp.Or(opts.Token, "token")
	c, err := github.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// RoundTrip answers a request after it travelled.
func (s *standIn) RoundTrip(r *http.Request) (*http.Response, error) {
	travel := func() error {
		if s.latency != nil {
			time.Sleep(s.latency())
		}
		return r.Context().Err()
	}
	if err := travel(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	r = r.Clone(r.Context())
	r.RequestURI = r.URL.RequestURI()
	s.ServeHTTP(w, r)
	if err := travel(); err != nil {
		return nil, err
	}
	response := w.Result()
	response.Request = r
	return response, nil
}

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.before != nil && s.before(w, r) {
		return
	}
	s.mu.Lock()
	s.requests = append(s.requests, r.Method+" "+r.URL.Path)
	s.mu.Unlock()
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case s.logins[token] == "":
		refuse(w, http.StatusUnauthorized, "Bad credentials")
		return
	case s.readOnly[token] && r.Method != http.MethodGet && r.URL.Path != "/graphql":
		refuse(w, http.StatusForbidden, "Resource not accessible by integration")
		return
	}
	s.ServeMux.ServeHTTP(w, r)
	if s.after != nil {
		s.after(r)
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if body != nil {
		_ = json.NewEncoder(w).Encode(body)
	}
}

func refuse(w http.ResponseWriter, status int, message string, errors ...gh.Error) {
	answer(w, status, &gh.ErrorResponse{Message: message, Errors: errors, DocumentationURL: "https://docs.github.com/rest"})
}

func (s *standIn) user(r *http.Request) *gh.User {
	return &gh.User{Login: gh.Ptr(s.logins[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")])}
}

func (s *standIn) id() int64 { s.lastID++; return s.lastID }

// page answers with one page of a list, and links to the next one.
func page[T any](w http.ResponseWriter, r *http.Request, all []T) {
	size, number := 30, 1
	if n, err := strconv.Atoi(r.URL.Query().Get("per_page")); err == nil {
		size = min(max(n, 1), 100)
	}
	if n, err := strconv.Atoi(r.URL.Query().Get("page")); err == nil {
		number = max(n, 1)
	}
	from, to := min((number-1)*size, len(all)), min(number*size, len(all))
	if to < len(all) {
		query := r.URL.Query()
		query.Set("page", strconv.Itoa(number+1))
		link := url.URL{Scheme: "https", Host: "api.github.com", Path: r.URL.Path, RawQuery: query.Encode()}
		w.Header().Set("Link", fmt.Sprintf("<%s>; rel=%q", link.String(), "next"))
	}
	answer(w, http.StatusOK, append([]T{}, all[from:to]...))
}

func (s *standIn) viewer(w http.ResponseWriter, r *http.Request) {
	answer(w, http.StatusOK, map[string]any{"data": map[string]any{"viewer": s.user(r)}})
}

func (s *standIn) pull(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	number, _ := strconv.Atoi(r.PathValue("number"))
	answer(w, http.StatusOK, &gh.PullRequest{Number: &number, Head: &gh.PullRequestBranch{SHA: gh.Ptr(s.head)}})
}

func (s *standIn) listComments(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	number, _ := strconv.Atoi(r.PathValue("number"))
	page(w, r, s.comments[number])
}

// readBody reads what is to be written, and refuses it when it is too long.
func (s *standIn) readBody(w http.ResponseWriter, r *http.Request, into any, body func() string) bool {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		refuse(w, http.StatusBadRequest, "Problems parsing JSON")
		return false
	}
	if utf8.RuneCountInString(body()) > s.maxBody {
		refuse(w, http.StatusUnprocessableEntity, "Validation Failed", gh.Error{
			Resource: "IssueComment", Field: "data", Code: "unprocessable",
			Message: fmt.Sprintf("Body is too long (maximum is %d characters)", s.maxBody),
		})
		return false
	}
	return true
}

func (s *standIn) createComment(w http.ResponseWriter, r *http.Request) {
	var comment gh.IssueComment
	if !s.readBody(w, r, &comment, comment.GetBody) {
		return
	}
	number, _ := strconv.Atoi(r.PathValue("number"))
	answer(w, http.StatusCreated, s.add(number, s.user(r).GetLogin(), comment.GetBody()))
}

// add puts a comment on a pull request or an issue.
func (s *standIn) add(number int, login, body string) *gh.IssueComment {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.id()
	comment := &gh.IssueComment{
		ID: &id, Body: &body, User: &gh.User{Login: &login},
		HTMLURL: gh.Ptr(fmt.Sprintf("https://github.com/acme/platform/pull/%d#issuecomment-%d", number, id)),
	}
	s.comments[number] = append(s.comments[number], comment)
	return comment
}

// change does something to a comment, and reports whether there is one.
func (s *standIn) change(id int64, do func(number, index int)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for number, list := range s.comments {
		for i, comment := range list {
			if comment.GetID() == id {
				do(number, i)
				return true
			}
		}
	}
	return false
}

func pathID(r *http.Request, name string) int64 {
	id, _ := strconv.ParseInt(r.PathValue(name), 10, 64)
	return id
}

func (s *standIn) editComment(w http.ResponseWriter, r *http.Request) {
	var edit gh.IssueComment
	if !s.readBody(w, r, &edit, edit.GetBody) {
		return
	}
	var edited gh.IssueComment
	if !s.change(pathID(r, "id"), func(number, i int) {
		edited = *s.comments[number][i]
		edited.Body = edit.Body
		s.comments[number][i] = &edited
	}) {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	answer(w, http.StatusOK, &edited)
}

func (s *standIn) deleteComment(w http.ResponseWriter, r *http.Request) {
	if !s.remove(pathID(r, "id")) {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	answer(w, http.StatusNoContent, nil)
}

func (s *standIn) remove(id int64) bool {
	return s.change(id, func(number, i int) {
		s.comments[number] = slices.Delete(slices.Clone(s.comments[number]), i, i+1)
	})
}

func (s *standIn) listIssues(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	query := r.URL.Query()
	var list []*gh.Issue
	for _, issue := range s.issues {
		labelled := slices.ContainsFunc(issue.Labels, func(l *gh.Label) bool { return strings.EqualFold(l.GetName(), query.Get("labels")) })
		if labelled && (query.Get("state") == "all" || issue.GetState() == cmp.Or(query.Get("state"), "open")) {
			list = append(list, issue)
		}
	}
	if query.Get("direction") != "asc" {
		slices.Reverse(list)
	}
	page(w, r, list)
}

func (s *standIn) createIssue(w http.ResponseWriter, r *http.Request) {
	var request gh.IssueRequest
	if !s.readBody(w, r, &request, request.GetBody) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	number := len(s.issues) + 1
	issue := &gh.Issue{
		ID: gh.Ptr(s.id()), Number: &number, State: gh.Ptr("open"), Title: request.Title, Body: request.Body, User: s.user(r),
		HTMLURL: gh.Ptr(fmt.Sprintf("https://github.com/acme/platform/issues/%d", number)),
	}
	for _, name := range request.GetLabels() {
		issue.Labels = append(issue.Labels, &gh.Label{Name: &name})
	}
	s.issues = append(s.issues, issue)
	answer(w, http.StatusCreated, issue)
}

func (s *standIn) editIssue(w http.ResponseWriter, r *http.Request) {
	var request gh.IssueRequest
	if !s.readBody(w, r, &request, request.GetBody) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	number, _ := strconv.Atoi(r.PathValue("number"))
	if number < 1 || number > len(s.issues) {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	issue := *s.issues[number-1]
	issue.Title, issue.Body = cmp.Or(request.Title, issue.Title), cmp.Or(request.Body, issue.Body)
	if request.State != nil && *request.State != issue.GetState() {
		issue.State, issue.StateReason = request.State, request.StateReason
		if *request.State == "open" {
			issue.StateReason = gh.Ptr("reopened")
		}
	}
	s.issues[number-1] = &issue
	answer(w, http.StatusOK, &issue)
}

func (s *standIn) label(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, label := range s.labels {
		if strings.EqualFold(label.GetName(), r.PathValue("name")) {
			answer(w, http.StatusOK, label)
			return
		}
	}
	refuse(w, http.StatusNotFound, "Not Found")
}

func (s *standIn) createLabel(w http.ResponseWriter, r *http.Request) {
	var label gh.Label
	if err := json.NewDecoder(r.Body).Decode(&label); err != nil {
		refuse(w, http.StatusBadRequest, "Problems parsing JSON")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.ContainsFunc(s.labels, func(l *gh.Label) bool { return strings.EqualFold(l.GetName(), label.GetName()) }) {
		refuse(w, http.StatusUnprocessableEntity, "Validation Failed", gh.Error{Resource: "Label", Code: "already_exists", Field: "name"})
		return
	}
	s.labels = append(s.labels, &label)
	answer(w, http.StatusCreated, &label)
}

// count returns how many requests began like this.
func (s *standIn) count(prefix string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, request := range s.requests {
		if strings.HasPrefix(request, prefix) {
			n++
		}
	}
	return n
}

// of returns the comments of a user that begin with the marker of a key.
func (s *standIn) of(number int, login, marker string) []*gh.IssueComment {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*gh.IssueComment
	for _, comment := range s.comments[number] {
		if comment.User.GetLogin() == login && strings.HasPrefix(comment.GetBody(), marker+"\n") {
			found = append(found, comment)
		}
	}
	return found
}

// travelling returns latencies up to a longest one.
func travelling(longest time.Duration) func() time.Duration {
	return func() time.Duration { return rand.N(longest) + time.Millisecond }
}
