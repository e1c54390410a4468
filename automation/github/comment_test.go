package github_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gh "github.com/google/go-github/v76/github"

	"github.com/eks-platform/eks-platform/automation/github"
)

const preview = "<!-- eks-platform:preview v1 -->"

// rows renders one line per environment: its data, or its brief, and whether it is stale.
func rows(parts map[string]github.Part, budget int) (string, error) {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		part := parts[name]
		if part.Environment != name {
			return "", fmt.Errorf("part %q is under %q", part.Environment, name)
		}
		content := string(part.Data)
		if part.Shortened() {
			content = "brief " + string(part.Brief)
		}
		if part.Stale {
			content += " (stale)"
		}
		fmt.Fprintf(&text, "| %s | %s |\n", name, content)
	}
	return text.String(), nil
}

func comment(number int) github.Comment {
	return github.Comment{Repository: repo, PullRequest: number, Render: rows}
}

func part(environment, data string) github.Part {
	raw, _ := json.Marshal(data)
	return github.Part{Environment: environment, Head: head, RunID: 10, Attempt: 1, Data: raw}
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

func post(t *testing.T, c *github.Client, to github.Comment, parts ...github.Part) *github.Posted {
	t.Helper()
	posted, err := c.Post(t.Context(), to, parts...)
	if err != nil {
		t.Fatal(err)
	}
	return posted
}

func TestACommentIsCreatedThenUpdatedInPlaceAlsoToNoChanges(t *testing.T) {
	t.Parallel()
	s := newStandIn()
	server := httptest.NewServer(s) // once over the wire, with a path as on GitHub Enterprise
	defer server.Close()
	c, err := github.New(github.Options{Token: "token", URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	first := post(t, c, comment(7), part("dev", "2 changes"))
	if !first.Created || first.ID == 0 || first.URL == "" {
		t.Errorf("%+v", first)
	}
	later := part("dev", "no changes")
	later.RunID++
	second := post(t, c, comment(7), later)
	if second.Created || second.ID != first.ID || second.Size != len(only(t, s, 7, preview).GetBody()) {
		t.Errorf("%+v after %+v", second, first)
	}
	if got := text(only(t, s, 7, preview)); got != "| dev | \"no changes\" |\n" {
		t.Errorf("%q", got)
	}
	if n := s.count("POST /graphql"); n != 1 {
		t.Errorf("asked %d times who it is", n)
	}
	for id, left := range s.reactions {
		if len(left) > 0 {
			t.Errorf("comment %d is still locked", id)
		}
	}
}

func TestTheOwnLoginIsAskedBesideTheRootOfTheAPI(t *testing.T) {
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
		if got := text(only(t, s, 7, preview)); got != "| dev | \"1\" |\n| stg | \"2\" |\n" {
			t.Errorf("%q", got)
		}
	})
}

func TestJobsThatFinishTogetherLeaveOneCommentWithAllTheirRows(t *testing.T) {
	t.Parallel()
	const jobs = 10
	for round := range 20 {
		synctest.Test(t, func(t *testing.T) {
			s := newStandIn()
			s.latency = travelling(time.Duration(1+round*100) * time.Millisecond)
			if round%2 == 1 {
				s.add(7, bot, preview+"\nbroken by hand\n\nold text")
			}
			var done sync.WaitGroup
			for job := range jobs {
				done.Go(func() {
					time.Sleep(rand.N(time.Duration(round+1) * 20 * time.Millisecond))
					_, err := s.client(t, github.Options{}).Post(t.Context(), comment(7), part(fmt.Sprintf("env%d", job), "done"))
					if err != nil {
						t.Errorf("job %d: %v", job, err)
					}
				})
			}
			done.Wait()
			got := text(only(t, s, 7, preview))
			for job := range jobs {
				if row := fmt.Sprintf("| env%d | \"done\" |\n", job); strings.Count(got, row) != 1 {
					t.Errorf("round %d: no %q in\n%s", round, row, got)
				}
			}
		})
	}
}

func TestAJobWaitsOnlySoLongForTheLockOfOneThatWasKilled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		first := post(t, s.client(t, github.Options{}), comment(7), part("dev", "1"))
		s.reactions[first.ID] = []*gh.Reaction{
			{ID: gh.Ptr[int64](1), Content: gh.Ptr("eyes"), User: &gh.User{Login: gh.Ptr("person")}},
			{ID: gh.Ptr[int64](2), Content: gh.Ptr("eyes"), User: &gh.User{Login: gh.Ptr(bot)}},
		}
		began := time.Now()
		post(t, s.client(t, github.Options{}), comment(7), part("stg", "2"))
		if took := time.Since(began); took < 50*time.Second || took > 65*time.Second {
			t.Errorf("took %s", took)
		}
		if left := s.reactions[first.ID]; len(left) != 1 || left[0].GetID() != 1 {
			t.Errorf("reactions %v", left)
		}
	})
}

func TestALockThatIsHeldIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		first := post(t, s.client(t, github.Options{}), comment(7), part("dev", "1"))
		s.reactions[first.ID] = []*gh.Reaction{{ID: gh.Ptr[int64](2), Content: gh.Ptr("eyes"), User: &gh.User{Login: gh.Ptr(bot)}}}
		began := time.Now()
		go func() {
			time.Sleep(5 * time.Second)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.reactions[first.ID] = nil
		}()
		edits := s.count("PATCH")
		s.before = func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPatch && time.Since(began) < 5*time.Second {
				t.Error("wrote while another job held the lock")
			}
			return false
		}
		post(t, s.client(t, github.Options{}), comment(7), part("stg", "2"))
		if took := time.Since(began); took > 9*time.Second || s.count("PATCH") != edits+1 {
			t.Errorf("took %s and %d edits", took, s.count("PATCH")-edits)
		}
	})
}

func TestAPartThatSomebodyOverwroteIsWrittenAgain(t *testing.T) {
	t.Parallel()
	for _, locks := range []bool{true, false} {
		t.Run(fmt.Sprintf("locks %t", locks), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStandIn()
				post(t, s.client(t, github.Options{}), comment(7), part("dev", "1"))
				old := only(t, s, 7, preview)
				lost := 0
				s.before = func(w http.ResponseWriter, r *http.Request) bool {
					if !locks && strings.HasSuffix(r.URL.Path, "/reactions") {
						refuse(w, http.StatusForbidden, "Resource not accessible by integration")
						return true
					}
					return false
				}
				// A writer that read before and writes after, without the lock.
				s.after = func(r *http.Request) {
					if r.Method != http.MethodPatch || lost == 3 {
						return
					}
					lost++
					overwrite := func() { s.change(old.GetID(), func(number, i int) { s.comments[number][i] = old }) }
					if locks {
						overwrite()
						return
					}
					time.AfterFunc(time.Second, overwrite)
				}
				post(t, s.client(t, github.Options{}), comment(7), part("stg", "2"))
				if got := text(only(t, s, 7, preview)); lost != 3 || got != "| dev | \"1\" |\n| stg | \"2\" |\n" {
					t.Errorf("lost %d times: %q", lost, got)
				}
			})
		})
	}
}

func TestAGitHubThatIsTooSlowForTheLockIsAnErrorInTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		first := post(t, s.client(t, github.Options{}), comment(7), part("dev", "1"))
		s.latency = func() time.Duration { return 6 * time.Second }
		_, err := s.client(t, github.Options{}).Post(t.Context(), comment(7), part("stg", "2"))
		if !errors.Is(err, github.ErrUnavailable) || len(s.reactions[first.ID]) > 0 {
			t.Errorf("%v, locked by %v", err, s.reactions[first.ID])
		}
	})
}

func TestAPartThatIsAlwaysOverwrittenIsAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		post(t, s.client(t, github.Options{}), comment(7), part("dev", "1"))
		old := only(t, s, 7, preview)
		s.after = func(r *http.Request) {
			if r.Method == http.MethodPatch {
				s.change(old.GetID(), func(number, i int) { s.comments[number][i] = old })
			}
		}
		if _, err := s.client(t, github.Options{}).Post(t.Context(), comment(7), part("stg", "2")); !errors.Is(err, github.ErrContended) {
			t.Errorf("%v", err)
		}
		if n := s.count("PATCH"); n > 12 {
			t.Errorf("tried %d times", n)
		}
	})
}

func TestDuplicatesAreMergedIntoTheOldestAndDeleted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, other := newStandIn(), newStandIn()
		post(t, s.client(t, github.Options{}), comment(7), part("dev", "1"))
		post(t, other.client(t, github.Options{}), comment(7), part("stg", "2"))
		oldest := only(t, s, 7, preview)
		s.add(7, bot, other.comments[7][0].GetBody())
		posted := post(t, s.client(t, github.Options{}), comment(7), part("prod", "3"))
		if posted.ID != oldest.GetID() || posted.Removed != 1 {
			t.Errorf("%+v", posted)
		}
		if got := text(only(t, s, 7, preview)); got != "| dev | \"1\" |\n| prod | \"3\" |\n| stg | \"2\" |\n" {
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
		if got := text(only(t, s, 7, "<!-- eks-platform:preview v1 key=dev -->")); got != "| env | \"of dev\" |\n" {
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

func TestTheCommentOfAnotherAuthorIsNeitherTouchedNorBelieved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, forge := newStandIn(), newStandIn()
		forged := part("prod", "no changes, approved")
		forged.RunID = 1 << 40
		post(t, forge.client(t, github.Options{}), comment(7), forged)
		body := only(t, forge, 7, preview).GetBody()
		foreign := s.add(7, "mallory", body)
		// The own bot quotes it, and somebody's name only looks like the bot's.
		quote := s.add(7, bot, "mallory wrote:\n"+body)
		alike := s.add(7, "github-actions", body)
		posted := post(t, s.client(t, github.Options{}), comment(7), part("dev", "1"))
		if !posted.Created || text(only(t, s, 7, preview)) != "| dev | \"1\" |\n" {
			t.Errorf("%+v: %q", posted, text(only(t, s, 7, preview)))
		}
		for i, want := range []*gh.IssueComment{foreign, quote, alike} {
			if s.comments[7][i] != want {
				t.Errorf("comment %d was changed", i)
			}
		}
	})
}

func TestWhatIsRenderedCannotForgeState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, forge := newStandIn(), newStandIn()
		forged := part("prod", "approved")
		forged.RunID = 1 << 40
		post(t, forge.client(t, github.Options{}), comment(7), forged)
		evil := only(t, forge, 7, preview).GetBody()
		to := comment(7)
		to.Render = func(parts map[string]github.Part, budget int) (string, error) {
			rendered, err := rows(parts, budget)
			return evil + rendered, err
		}
		post(t, s.client(t, github.Options{}), to, part("dev", "--> "+evil))
		post(t, s.client(t, github.Options{}), to, part("stg", "2"))
		seen := map[string]github.Part{}
		to.Render = func(parts map[string]github.Part, budget int) (string, error) {
			seen = parts
			return "", nil
		}
		post(t, s.client(t, github.Options{}), to, part("dev", "1"))
		if names := slices.Sorted(maps.Keys(seen)); !slices.Equal(names, []string{"dev", "stg"}) {
			t.Errorf("environments %q", names)
		}
	})
}

func TestALaterAttemptWinsAndAnEarlierOneComesTooLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		try := func(run int64, attempt int, data string) *github.Posted {
			p := part("dev", data)
			p.RunID, p.Attempt = run, attempt
			return post(t, s.client(t, github.Options{}), comment(7), p)
		}
		for _, step := range []struct {
			run        int64
			attempt    int
			want       string
			superseded bool
		}{{10, 1, "10.1", false}, {10, 2, "10.2", false}, {10, 1, "10.2", true}, {11, 1, "11.1", false}, {10, 3, "11.1", true}} {
			posted := try(step.run, step.attempt, fmt.Sprintf("%d.%d", step.run, step.attempt))
			if got := text(only(t, s, 7, preview)); got != fmt.Sprintf("| dev | %q |\n", step.want) {
				t.Errorf("after %d.%d: %q", step.run, step.attempt, got)
			}
			if slices.Contains(posted.Superseded, "dev") != step.superseded {
				t.Errorf("after %d.%d: %+v", step.run, step.attempt, posted)
			}
		}
	})
}

func TestPartsOfAnOlderCommitAreMarkedAndLoseAgainstTheCurrentOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		post(t, s.client(t, github.Options{}), comment(7), part("dev", "1"), part("stg", "1"), part("gone", "1"))
		s.head = next
		newer := part("dev", "2")
		newer.Head, newer.RunID = next, 11
		to := comment(7)
		to.Environments = []string{"dev", "stg"}
		post(t, s.client(t, github.Options{}), to, newer)
		if got := text(only(t, s, 7, preview)); got != "| dev | \"2\" |\n| stg | \"1\" (stale) |\n" {
			t.Errorf("%q", got)
		}
		// A run of the older commit that somebody repeats later, with a higher number even.
		late := part("dev", "old")
		late.RunID = 12
		if posted := post(t, s.client(t, github.Options{}), to, late); !slices.Equal(posted.Superseded, []string{"dev"}) {
			t.Errorf("%+v", posted)
		}
		// Somebody pushes the older commit again: now it is the current one.
		s.head = head
		post(t, s.client(t, github.Options{}), to, late)
		if got := text(only(t, s, 7, preview)); got != "| dev | \"old\" |\n| stg | \"1\" |\n" {
			t.Errorf("%q", got)
		}
	})
}

// noise is JSON that does not compress.
func noise(size int) json.RawMessage {
	raw := make([]byte, size/2)
	random := rand.NewChaCha8([32]byte{byte(size)})
	_, _ = random.Read(raw)
	return json.RawMessage(fmt.Sprintf("%q", fmt.Sprintf("%x", raw)))
}

func TestWhatDoesNotFitIsShortenedOldCommitsFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		heavy := func(environment, commit string, size int) github.Part {
			p := part(environment, "")
			p.Head, p.Data, p.Brief = commit, noise(size), json.RawMessage(`"short"`)
			return p
		}
		to := comment(7)
		to.Render = func(parts map[string]github.Part, budget int) (string, error) {
			rendered, err := rows(parts, budget)
			return rendered[:min(len(rendered), budget)], err
		}
		// Each of them takes about 13.5 kB packed; there is room for 30 kB. The one of the older commit is not the largest.
		post(t, s.client(t, github.Options{}), to, heavy("a", head, 19_990))
		s.head = next
		posted := post(t, s.client(t, github.Options{}), to, heavy("b", next, 20_000), heavy("c", next, 20_010))
		body := only(t, s, 7, preview).GetBody()
		if !slices.Equal(posted.Shortened, []string{"a"}) || len(posted.Dropped) > 0 || posted.Size > github.MaxBody {
			t.Errorf("%+v", posted)
		}
		if !strings.Contains(body, "| a | brief \"short\" (stale) |") || len(body) > github.MaxBody {
			t.Errorf("%d bytes: %.300s", len(body), text(only(t, s, 7, preview)))
		}
		// A third one of the current commit: then the data of the largest that have a shorter brief go.
		fourth := heavy("d", next, 20_020)
		fourth.Brief = noise(12_000)
		posted = post(t, s.client(t, github.Options{}), to, fourth)
		if !slices.Equal(posted.Shortened, []string{"a", "c", "d"}) {
			t.Errorf("%+v", posted)
		}
		body = only(t, s, 7, preview).GetBody()
		without := heavy("e", next, 50_000)
		without.Brief = nil
		_, err := s.client(t, github.Options{}).Post(t.Context(), to, without)
		if !errors.Is(err, github.ErrTooLarge) || only(t, s, 7, preview).GetBody() != body {
			t.Errorf("%v", err)
		}
	})
}

func TestRenderIsGivenWhatTheHiddenStateLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		to := comment(7)
		to.Render = func(_ map[string]github.Part, budget int) (string, error) { return strings.Repeat("é", budget/2), nil }
		posted := post(t, s.client(t, github.Options{}), to, part("dev", "1"))
		if posted.Size > github.MaxBody || posted.Size < github.MaxBody-1 {
			t.Errorf("%+v", posted)
		}
		to.Render = func(_ map[string]github.Part, budget int) (string, error) { return strings.Repeat("x", budget+1), nil }
		if _, err := s.client(t, github.Options{}).Post(t.Context(), to, part("dev", "2")); !errors.Is(err, github.ErrTooLarge) {
			t.Errorf("%v", err)
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
			to := comment(7)
			to.Render = func(_ map[string]github.Part, budget int) (string, error) { return strings.Repeat("x", budget), nil }
			if posted := post(t, s.client(t, github.Options{}), to, part("dev", "2")); posted.Size > 40_000 || posted.Size < 30_000 {
				t.Errorf("%+v", posted)
			}
			s.maxBody = 100
			if _, err := s.client(t, github.Options{}).Post(t.Context(), to, part("dev", "3")); !errors.Is(err, github.ErrTooLarge) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestACommentThatIsDeletedMeanwhileIsMadeAgain(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"POST /repos/acme/platform/issues/comments", "PATCH", "DELETE"} {
		t.Run(when, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStandIn()
				first := post(t, s.client(t, github.Options{}), comment(7), part("dev", "1"))
				var once sync.Once
				s.before = func(_ http.ResponseWriter, r *http.Request) bool {
					if strings.HasPrefix(r.Method+" "+r.URL.Path, when) {
						once.Do(func() { s.remove(first.ID) })
					}
					return false
				}
				posted := post(t, s.client(t, github.Options{}), comment(7), part("stg", "2"))
				if posted.ID == first.ID || !strings.Contains(text(only(t, s, 7, preview)), "| stg | \"2\" |") {
					t.Errorf("%+v", posted)
				}
			})
		})
	}
}

func TestACommentThatAPersonEditedKeepsWorking(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		first := post(t, s.client(t, github.Options{}), comment(7), part("dev", "1"))
		edit := func(how func(string) string) {
			s.change(first.ID, func(number, i int) {
				edited := *s.comments[number][i]
				edited.Body = gh.Ptr(how(edited.GetBody()))
				s.comments[number][i] = &edited
			})
		}
		// A browser sends other ends of lines.
		edit(func(body string) string { return strings.ReplaceAll(body, "\n", "\r\n") + "seen" })
		post(t, s.client(t, github.Options{}), comment(7), part("stg", "2"))
		if got := text(only(t, s, 7, preview)); got != "| dev | \"1\" |\n| stg | \"2\" |\n" {
			t.Errorf("%q", got)
		}
		edit(func(body string) string { return strings.Replace(body, "state H4", "state XX", 1) })
		posted := post(t, s.client(t, github.Options{}), comment(7), part("prod", "3"))
		if got := text(only(t, s, 7, preview)); posted.ID != first.ID || got != "| prod | \"3\" |\n" {
			t.Errorf("%+v: %q", posted, got)
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
}

func TestArgumentsAreChecked(t *testing.T) {
	t.Parallel()
	s := newStandIn()
	c := s.client(t, github.Options{})
	for name, try := range map[string]func() (github.Comment, []github.Part){
		"no parts":  func() (github.Comment, []github.Part) { return comment(7), nil },
		"no number": func() (github.Comment, []github.Part) { return comment(0), []github.Part{part("dev", "1")} },
		"twice": func() (github.Comment, []github.Part) {
			return comment(7), []github.Part{part("dev", "1"), part("dev", "2")}
		},
		"no environment": func() (github.Comment, []github.Part) { return comment(7), []github.Part{part("", "1")} },
		"no JSON": func() (github.Comment, []github.Part) {
			return comment(7), []github.Part{{Environment: "dev", Head: head, Data: []byte("{")}}
		},
		"no data": func() (github.Comment, []github.Part) {
			return comment(7), []github.Part{{Environment: "dev", Head: head}}
		},
		"no render": func() (github.Comment, []github.Part) {
			return github.Comment{Repository: repo, PullRequest: 7}, []github.Part{part("dev", "1")}
		},
		"no repository": func() (github.Comment, []github.Part) {
			return github.Comment{PullRequest: 7, Render: rows}, []github.Part{part("dev", "1")}
		},
		"not in the list": func() (github.Comment, []github.Part) {
			to := comment(7)
			to.Environments = []string{"stg"}
			return to, []github.Part{part("dev", "1")}
		},
	} {
		to, parts := try()
		if _, err := c.Post(t.Context(), to, parts...); !errors.Is(err, github.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(s.requests) > 0 {
		t.Errorf("sent %v", s.requests)
	}
}

func TestTheErrorOfRenderIsReturned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken template")
		to := comment(7)
		to.Render = func(map[string]github.Part, int) (string, error) { return "", broken }
		s := newStandIn()
		if _, err := s.client(t, github.Options{}).Post(t.Context(), to, part("dev", "1")); !errors.Is(err, broken) || len(s.comments[7]) > 0 {
			t.Errorf("%v", err)
		}
	})
}

func TestACancelledJobGivesTheLockBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		first := post(t, s.client(t, github.Options{}), comment(7), part("dev", "1"))
		ctx, cancel := context.WithCancel(t.Context())
		s.after = func(r *http.Request) {
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, strconv.FormatInt(first.ID, 10)+"/reactions") {
				time.AfterFunc(time.Millisecond, cancel)
			}
		}
		s.latency = func() time.Duration { return 500 * time.Microsecond }
		if _, err := s.client(t, github.Options{}).Post(ctx, comment(7), part("stg", "2")); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		if left := s.reactions[first.ID]; len(left) > 0 {
			t.Errorf("still locked: %v", left)
		}
	})
}

func TestAnUnchangedCommentIsNotEdited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		post(t, s.client(t, github.Options{}), comment(7), part("dev", "1"))
		before := bytes.Clone([]byte(only(t, s, 7, preview).GetBody()))
		post(t, s.client(t, github.Options{}), comment(7), part("dev", "1"))
		if n := s.count("PATCH"); n > 0 || only(t, s, 7, preview).GetBody() != string(before) {
			t.Errorf("edited %d times", n)
		}
	})
}
