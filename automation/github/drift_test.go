package github_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gh "github.com/google/go-github/v76/github"

	"github.com/eks-platform/eks-platform/automation/github"
	"github.com/eks-platform/eks-platform/automation/plan"
)

// drifted is what a run found that these resources drift in an environment.
func drifted(environment string, resources ...string) github.Drift {
	r := plan.NewResult(plan.OpPreview, environment)
	for _, urn := range resources {
		r.Drift = append(r.Drift, plan.Step{Op: "update", Type: "aws:ec2/subnet:Subnet", Name: "called-" + urn, URN: urn})
	}
	return github.Drift{Repository: repo, Environment: environment, Result: r}
}

func reported(t *testing.T, s *standIn, drift github.Drift) *github.DriftIssue {
	t.Helper()
	issue, err := s.client(t, github.Options{}).ReportDrift(t.Context(), drift)
	if err != nil {
		t.Fatal(err)
	}
	return issue
}

func TestAnIssueFollowsTheDriftOfAnEnvironment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		for i, step := range []struct {
			resources []string
			want      github.DriftAction
			state     string
			comment   string
		}{
			{nil, github.DriftNone, "", ""},
			{[]string{"b", "a", "a"}, github.DriftOpened, "open", ""},
			{[]string{"a", "b"}, github.DriftUpdated, "open", ""},
			{[]string{"b", "c"}, github.DriftChanged, "open", "- `c` drifted\n- `a` no longer drifts\n"},
			{[]string{"c", "b"}, github.DriftUpdated, "open", ""},
			{nil, github.DriftClosed, "closed", "- `b` no longer drifts\n- `c` no longer drifts\n"},
			{nil, github.DriftNone, "closed", ""},
			{[]string{"c"}, github.DriftReopened, "open", "- `c` drifted\n"},
			{nil, github.DriftClosed, "closed", "- `c` no longer drifts\n"},
		} {
			before := len(s.comments[1])
			got := reported(t, s, drifted("dev", step.resources...))
			if got.Action != step.want {
				t.Errorf("step %d: %+v", i, got)
			}
			if step.state == "" {
				if len(s.issues) > 0 || got.Number != 0 {
					t.Errorf("step %d: %d issues", i, len(s.issues))
				}
				continue
			}
			if len(s.issues) != 1 || got.Number != 1 || s.issues[0].GetState() != step.state {
				t.Fatalf("step %d: %+v, %d issues, %s", i, got, len(s.issues), s.issues[0].GetState())
			}
			body := s.issues[0].GetBody()
			for _, name := range []string{"a", "b", "c"} {
				if strings.Contains(body, "called-"+name) != slices.Contains(step.resources, name) {
					t.Errorf("step %d: %q", i, body)
				}
			}
			added := s.comments[1][before:]
			if step.comment == "" && len(added) > 0 || step.comment != "" && (len(added) != 1 || !strings.HasSuffix(added[0].GetBody(), ":\n\n"+step.comment)) {
				t.Errorf("step %d: comments %v", i, added)
			}
		}
		if len(s.labels) != 1 || s.labels[0].GetName() != github.DriftLabel {
			t.Errorf("labels %v", s.labels)
		}
	})
}

func TestEveryEnvironmentAndProjectHasItsOwnIssue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		numbers := map[int]bool{}
		for range 2 {
			for _, environment := range []string{"dev", "dev-tokyo", "prod"} {
				for _, key := range []string{"", "dev", "web"} {
					drift := drifted(environment, "a")
					drift.Key = key
					numbers[reported(t, s, drift).Number] = true
				}
			}
		}
		if len(numbers) != 9 || len(s.issues) != 9 {
			t.Errorf("%d issues", len(s.issues))
		}
	})
}

func TestAnIssueIsFoundBehindManyOthersAndOnlyAnOwnOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		first := reported(t, s, drifted("dev", "a"))
		labels := s.issues[0].Labels
		body := s.issues[0].GetBody()
		s.issues = nil
		add := func(login, body string) {
			s.issues = append(s.issues, &gh.Issue{
				Number: gh.Ptr(len(s.issues) + 1), State: gh.Ptr("open"), Title: gh.Ptr("x"), Body: &body, Labels: labels, User: &gh.User{Login: &login},
			})
		}
		add("mallory", body)
		for i := range 250 {
			add("person", fmt.Sprintf("something else %d", i))
		}
		add(bot, body)
		if got := reported(t, s, drifted("dev", "a", "b")); got.Action != github.DriftChanged || got.Number != 252 || first.Number != 1 {
			t.Errorf("%+v", got)
		}
		if s.issues[0].GetBody() != body || s.issues[0].GetTitle() != "x" {
			t.Error("the issue of another author was touched")
		}
	})
}

func TestADriftCanBeMutedUntilItChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		reported(t, s, drifted("dev", "a"))
		s.issues[0].State, s.issues[0].StateReason = gh.Ptr("closed"), gh.Ptr("not_planned")
		if got := reported(t, s, drifted("dev", "a")); got.Action != github.DriftMuted || s.issues[0].GetState() != "closed" {
			t.Errorf("%+v", got)
		}
		if got := reported(t, s, drifted("dev", "a", "b")); got.Action != github.DriftReopened || s.issues[0].GetState() != "open" {
			t.Errorf("%+v", got)
		}
		// Closed as completed, which it is not.
		s.issues[0].State, s.issues[0].StateReason = gh.Ptr("closed"), gh.Ptr("completed")
		if got := reported(t, s, drifted("dev", "a", "b")); got.Action != github.DriftReopened || s.issues[0].GetState() != "open" {
			t.Errorf("%+v", got)
		}
		// Closed by hand, then clean: the same drift is news when it comes back.
		s.issues[0].State, s.issues[0].StateReason = gh.Ptr("closed"), gh.Ptr("not_planned")
		if got := reported(t, s, drifted("dev")); got.Action != github.DriftNone {
			t.Errorf("%+v", got)
		}
		if got := reported(t, s, drifted("dev", "a", "b")); got.Action != github.DriftReopened || !slices.Equal(got.Added, []string{"a", "b"}) {
			t.Errorf("%+v", got)
		}
	})
}

func TestRunsThatOpenAnIssueTogetherLeaveOneOpen(t *testing.T) {
	t.Parallel()
	for range 10 {
		synctest.Test(t, func(t *testing.T) {
			s := newStandIn()
			s.latency = travelling(400 * time.Millisecond)
			var done sync.WaitGroup
			for range 4 {
				done.Go(func() { reported(t, s, drifted("dev", "a")) })
			}
			done.Wait()
			for i, issue := range s.issues {
				if (i == 0) != (issue.GetState() == "open") {
					t.Errorf("issue %d of %d is %s", i+1, len(s.issues), issue.GetState())
				}
			}
			if got := reported(t, s, drifted("dev", "a")); got.Number != 1 || got.Action != github.DriftUpdated {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestManyResourcesAreComparedEvenWhereTheyDoNotFit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		var names []string
		for i := range 40 {
			names = append(names, fmt.Sprintf("%d %s", i, noise(3000+2*i)))
		}
		drift := drifted("dev", names...)
		reported(t, s, drift)
		if n := len(s.issues[0].GetBody()); n > github.MaxBody {
			t.Errorf("%d bytes", n)
		}
		if got := reported(t, s, drift); got.Action != github.DriftUpdated {
			t.Errorf("%+v", got.Action)
		}
		drift.Result = drifted("dev", names[1:]...).Result
		if got := reported(t, s, drift); got.Action != github.DriftChanged || len(got.Added)+len(got.Removed) > 0 {
			t.Errorf("%s, %d added, %d removed", got.Action, len(got.Added), len(got.Removed))
		}
	})
}

func TestAnIssueWhoseAnswerGotLostIsNotOpenedTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		s.before = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/issues") {
				return false
			}
			s.ServeMux.ServeHTTP(lost{}, r)
			w.WriteHeader(http.StatusGatewayTimeout)
			return true
		}
		if got := reported(t, s, drifted("dev", "a")); got.Number != 1 || len(s.issues) != 1 {
			t.Errorf("%+v, %d issues", got, len(s.issues))
		}
	})
}

func TestALabelThatAnotherRunMadeFirstIsUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		s.before = func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/labels") {
				s.labels = []*gh.Label{{Name: gh.Ptr("Drift")}}
			}
			return false
		}
		if got := reported(t, s, drifted("dev", "a")); got.Action != github.DriftOpened || len(s.labels) != 1 {
			t.Errorf("%+v, %v", got, s.labels)
		}
	})
}

func TestADriftIssueNamesThePermissionItNeeds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		s.readOnly["token"] = true
		_, err := s.client(t, github.Options{}).ReportDrift(t.Context(), drifted("dev", "a"))
		if !errors.Is(err, github.ErrReadOnly) || !strings.Contains(err.Error(), `"issues: write"`) {
			t.Errorf("%v", err)
		}
	})
	s := newStandIn()
	for name, change := range map[string]func(*github.Drift){
		"environment": func(d *github.Drift) { d.Environment = "" },
		"marker":      func(d *github.Drift) { d.Environment = "a -->" },
		"key":         func(d *github.Drift) { d.Key = "a b" },
		"label":       func(d *github.Drift) { d.Label = "a,b" },
		"result":      func(d *github.Drift) { d.Result = nil },
		"repository":  func(d *github.Drift) { d.Repository.Owner = "" },
	} {
		drift := drifted("dev", "a")
		change(&drift)
		if _, err := s.client(t, github.Options{}).ReportDrift(t.Context(), drift); !errors.Is(err, github.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(s.requests) > 0 {
		t.Errorf("sent %v", s.requests)
	}
}
