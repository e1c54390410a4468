package github_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	gh "github.com/google/go-github/v76/github"

	"github.com/eks-platform/eks-platform/automation/github"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/report"
)

const preview = "<!-- eks-platform:preview v1 -->"

func comment(number int) github.Comment {
	return github.Comment{Repository: repo, PullRequest: number, RunURL: "https://github.com/acme/platform/actions/runs/1"}
}

// part is a report about one environment with a remark.
func part(environment, note string) *report.Report {
	return report.Of("Platform preview", report.Run{Environment: environment, Note: note})
}

// large is a report about many changes, of which some cannot be left out.
func large(changes, gone int) *report.Report {
	r := plan.NewResult(plan.OpPreview, "prod")
	for i := range changes {
		s := plan.Step{Op: "update", Type: "aws:ec2/subnet:Subnet", Name: fmt.Sprintf("subnet-%d", i), URN: fmt.Sprintf("urn-%06d", i)}
		s.Properties = []plan.PropertyChange{{Path: "tags", Kind: plan.PropertyUpdated, Old: strings.Repeat("a", 50), New: strings.Repeat("b", 50)}}
		if i < gone {
			s.Op, s.Name = "delete", fmt.Sprintf("goes-%d-%s", i, strings.Repeat("x", 40))
		}
		r.Steps = append(r.Steps, s)
	}
	return report.Of("Platform preview", report.Run{Environment: "prod", Result: r})
}

// text is what people see of a comment.
func text(c *gh.IssueComment) string {
	_, rest, _ := strings.Cut(c.GetBody(), "\n\n")
	return rest
}

// only returns the one comment that there is of the bot.
func only(t *testing.T, s *standIn, number int, marker string) *gh.IssueComment {
	t.Helper()
	found := s.of(number, bot, marker)
	if len(found) != 1 {
		t.Fatalf("there are %d comments with %s", len(found), marker)
	}
	return found[0]
}

func post(t *testing.T, c *github.Client, to github.Comment, r *report.Report) *github.Posted {
	t.Helper()
	posted, err := c.Post(t.Context(), to, r)
	if err != nil {
		t.Fatal(err)
	}
	return posted
}

func TestACommentIsCreatedThenReplacedInPlace(t *testing.T) {
	t.Parallel()
	s := newStandIn()
	server := httptest.NewServer(s) // once over the wire, with a path as on GitHub Enterprise
	defer server.Close()
	c, err := github.New(github.Options{Token: "token", URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	first := post(t, c, comment(7), part("dev", "two changes"))
	if !first.Created || first.ID == 0 || first.URL == "" {
		t.Errorf("%+v", first)
	}
	second := post(t, c, comment(7), part("stg", "something else"))
	if second.Created || second.ID != first.ID || second.URL != first.URL || second.Size != len(only(t, s, 7, preview).GetBody()) {
		t.Errorf("%+v after %+v", second, first)
	}
	got := text(only(t, s, 7, preview))
	if !strings.Contains(got, "something else") || strings.Contains(got, "two changes") || !strings.HasPrefix(got, "### Platform preview\n") {
		t.Errorf("%q", got)
	}
	if n := s.count("POST /graphql"); n != 1 {
		t.Errorf("asked %d times who it is", n)
	}
}

func TestTheLoginIsAskedAtTheGraphQLRoot(t *testing.T) {
	t.Parallel()
	for root, want := range map[string]string{"": "/graphql", "https://ghe.example/api/v3": "/api/graphql", "https://ghe.example/api/v3/": "/api/graphql"} {
		s := newStandIn()
		var path string
		s.before = func(w http.ResponseWriter, r *http.Request) bool {
			path = r.URL.Path
			answer(w, http.StatusOK, map[string]any{"data": map[string]any{"viewer": &gh.User{Login: gh.Ptr("robot[bot]")}}})
			return true
		}
		login, err := s.client(t, github.Options{URL: root}).Login(t.Context())
		if err != nil || login != "robot[bot]" || path != want {
			t.Errorf("%q: %q, %v, asked %s", root, login, err, path)
		}
	}
}

func TestTheCommentIsFoundBehindManyOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		for i := range 240 {
			s.add(7, "person", fmt.Sprintf("remark %d", i))
		}
		first := post(t, s.client(t, github.Options{}), comment(7), part("dev", "1"))
		for i := range 10 {
			s.add(7, "person", fmt.Sprintf("answer %d", i))
		}
		second := post(t, s.client(t, github.Options{}), comment(7), part("stg", "2"))
		if second.ID != first.ID || len(s.comments[7]) != 251 {
			t.Errorf("%+v, %d comments", second, len(s.comments[7]))
		}
	})
}

func TestARunOfAnOlderCommitWritesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		to := comment(7)
		to.Head = head
		post(t, s.client(t, github.Options{}), to, part("dev", "of the first commit"))
		s.head = next
		if posted := post(t, s.client(t, github.Options{}), to, part("dev", "too late")); !posted.Superseded || posted.Created {
			t.Errorf("%+v", posted)
		}
		if got := text(only(t, s, 7, preview)); !strings.Contains(got, "of the first commit") {
			t.Errorf("%q", got)
		}
		to.Head = next
		if posted := post(t, s.client(t, github.Options{}), to, part("dev", "of the second")); posted.Superseded {
			t.Errorf("%+v", posted)
		}
		if got := text(only(t, s, 7, preview)); !strings.Contains(got, "of the second") {
			t.Errorf("%q", got)
		}
	})
}

func TestDuplicatesAreDeletedAndTheOldestStays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		first := post(t, s.client(t, github.Options{}), comment(7), part("dev", "1"))
		s.add(7, bot, preview+"\nwhatever an earlier version kept here\n\nold text")
		posted := post(t, s.client(t, github.Options{}), comment(7), part("prod", "the newest"))
		if posted.ID != first.ID || posted.Removed != 1 {
			t.Errorf("%+v", posted)
		}
		if got := text(only(t, s, 7, preview)); !strings.Contains(got, "the newest") {
			t.Errorf("%q", got)
		}
	})
}

func TestMarkersThatBeginAlikeDoNotCollide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		keys := []string{"", "dev", "dev-tokyo", "dev/tokyo", "d"}
		ids := map[int64]bool{}
		for range 2 {
			for _, key := range keys {
				to := comment(7)
				to.Key = key
				ids[post(t, s.client(t, github.Options{}), to, part("env", "of "+key)).ID] = true
			}
		}
		if len(ids) != len(keys) || len(s.comments[7]) != len(keys) {
			t.Errorf("%d comments", len(s.comments[7]))
		}
		if got := text(only(t, s, 7, "<!-- eks-platform:preview v1 key=dev -->")); !strings.Contains(got, "of dev") {
			t.Errorf("%q", got)
		}
	})
}

func TestAKeyThatCouldEndTheMarkerIsRefused(t *testing.T) {
	t.Parallel()
	s := newStandIn()
	for _, key := range []string{"a b", "a-->b", "a--b", "-a", "a\nb", strings.Repeat("a", 101)} {
		to := comment(7)
		to.Key = key
		if _, err := s.client(t, github.Options{}).Post(t.Context(), to, part("dev", "1")); !errors.Is(err, github.ErrInvalid) {
			t.Errorf("%q: %v", key, err)
		}
	}
	if len(s.requests) > 0 {
		t.Errorf("sent %v", s.requests)
	}
}

func TestTheCommentOfAnotherAuthorIsNotTouched(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		body := preview + "\n\nno changes, approved"
		foreign := s.add(7, "mallory", body)
		// The own bot quotes it, and somebody's name only looks like the bot's.
		quote := s.add(7, bot, "mallory wrote:\n"+body)
		alike := s.add(7, "github-actions", body)
		posted := post(t, s.client(t, github.Options{}), comment(7), part("dev", "1"))
		if !posted.Created || strings.Contains(text(only(t, s, 7, preview)), "approved") {
			t.Errorf("%+v: %q", posted, text(only(t, s, 7, preview)))
		}
		for i, want := range []*gh.IssueComment{foreign, quote, alike} {
			if s.comments[7][i] != want {
				t.Errorf("comment %d was changed", i)
			}
		}
	})
}

func TestWhatDoesNotFitIsLeftOutAndWhatGoesIsNot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		post(t, s.client(t, github.Options{}), comment(7), large(3000, 30))
		body := only(t, s, 7, preview).GetBody()
		if len(body) > github.MaxBody || strings.Count(body, "goes-") < 30 || strings.Contains(body, "The list continues") {
			t.Errorf("%d bytes, %d of 30 deletions", len(body), strings.Count(body, "goes-"))
		}
		// More names than a comment can hold.
		post(t, s.client(t, github.Options{}), comment(7), large(3000, 3000))
		body = only(t, s, 7, preview).GetBody()
		if len(body) > github.MaxBody || !strings.HasSuffix(body, "**The list continues in the [summary of the run](https://github.com/acme/platform/actions/runs/1).**\n") {
			t.Errorf("%d bytes, ending in %q", len(body), body[len(body)-200:])
		}
	})
}

func TestABodyThatGitHubFindsTooLongIsRenderedAgainForLess(t *testing.T) {
	t.Parallel()
	for _, exists := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newStandIn()
			if exists {
				post(t, s.client(t, github.Options{}), comment(7), part("dev", "1"))
			}
			s.maxBody = 40_000
			if posted := post(t, s.client(t, github.Options{}), comment(7), large(3000, 3000)); posted.Size > 40_000 || posted.Size < 20_000 {
				t.Errorf("%+v", posted)
			}
			s.maxBody = 100
			if _, err := s.client(t, github.Options{}).Post(t.Context(), comment(7), large(2000, 2000)); !errors.Is(err, github.ErrTooLarge) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestACommentThatIsDeletedMeanwhileIsMadeAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		first := post(t, s.client(t, github.Options{}), comment(7), part("dev", "1"))
		var once sync.Once
		s.before = func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPatch {
				once.Do(func() { s.remove(first.ID) })
			}
			return false
		}
		posted := post(t, s.client(t, github.Options{}), comment(7), part("stg", "2"))
		if posted.ID == first.ID || !strings.Contains(text(only(t, s, 7, preview)), "stg") {
			t.Errorf("%+v", posted)
		}
	})
}

func TestATokenThatOnlyReadsIsToldWhatItTakes(t *testing.T) {
	t.Parallel()
	for _, exists := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newStandIn()
			if exists {
				post(t, s.client(t, github.Options{}), comment(7), part("dev", "1"))
			}
			s.readOnly["token"] = true
			before := slices.Clone(s.comments[7])
			_, err := s.client(t, github.Options{}).Post(t.Context(), comment(7), part("dev", "2"))
			if !errors.Is(err, github.ErrReadOnly) || !strings.Contains(err.Error(), `"pull-requests: write"`) || !strings.Contains(err.Error(), "forks") {
				t.Errorf("%v", err)
			}
			if !slices.Equal(before, s.comments[7]) {
				t.Error("wrote")
			}
		})
	}
}

func TestAWrongTokenAndAMissingPullRequestAreTold(t *testing.T) {
	t.Parallel()
	s := newStandIn()
	if _, err := s.client(t, github.Options{Token: "expired"}).Post(t.Context(), comment(7), part("dev", "1")); !errors.Is(err, github.ErrUnauthorized) {
		t.Errorf("%v", err)
	}
	to := comment(7)
	to.Repository.Name = "another"
	if _, err := s.client(t, github.Options{}).Post(t.Context(), to, part("dev", "1")); !errors.Is(err, github.ErrNotFound) {
		t.Errorf("%v", err)
	}
	if _, err := github.New(github.Options{}); !errors.Is(err, github.ErrInvalid) {
		t.Errorf("%v", err)
	}
	for _, wrong := range []github.Comment{comment(0), {PullRequest: 7}} {
		if _, err := s.client(t, github.Options{}).Post(t.Context(), wrong, part("dev", "1")); !errors.Is(err, github.ErrInvalid) {
			t.Errorf("%v", err)
		}
	}
}

func TestAnUnchangedCommentIsNotEdited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		post(t, s.client(t, github.Options{}), comment(7), part("dev", "1"))
		post(t, s.client(t, github.Options{}), comment(7), part("dev", "1"))
		if n := s.count("PATCH"); n > 0 {
			t.Errorf("edited %d times", n)
		}
	})
}

// noise is text that cannot be compressed.
func noise(size int) string {
	raw := make([]byte, size/2)
	random := rand.NewChaCha8([32]byte{byte(size)})
	_, _ = random.Read(raw)
	return fmt.Sprintf("%x", raw)
}
