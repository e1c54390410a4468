package github_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	gh "github.com/google/go-github/v76/github"

	"github.com/eks-platform/eks-platform/automation/github"
)

// failing answers the first requests of a method with an error.
func failing(method string, times int, answer func(w http.ResponseWriter)) func(http.ResponseWriter, *http.Request) bool {
	var failed atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != method || int(failed.Add(1)) > times {
			return false
		}
		answer(w)
		return true
	}
}

func secondary(retryAfter string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		answer(w, http.StatusForbidden, &gh.ErrorResponse{
			Message:          "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
			DocumentationURL: "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits",
		})
	}
}

func TestRateLimitsAreWaitedFor(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]struct {
		answer        func(http.ResponseWriter)
		times         int
		atLeast, most time.Duration
	}{
		"secondary with a time":    {secondary("20"), 1, 20 * time.Second, 30 * time.Second},
		"secondary without a time": {secondary(""), 2, 2 * time.Minute, 5 * time.Minute},
		"secondary in other words": {func(w http.ResponseWriter) {
			refuse(w, http.StatusForbidden, "You have exceeded a secondary rate limit.")
		}, 1, time.Minute, 2 * time.Minute},
		"primary": {func(w http.ResponseWriter) {
			w.Header().Set("X-Ratelimit-Remaining", "0")
			w.Header().Set("X-Ratelimit-Reset", strconv.FormatInt(time.Now().Add(90*time.Second).Unix(), 10))
			refuse(w, http.StatusForbidden, "API rate limit exceeded for installation.")
		}, 1, 90 * time.Second, 100 * time.Second},
		"primary as 429": {func(w http.ResponseWriter) {
			w.Header().Set("X-Ratelimit-Remaining", "0")
			w.Header().Set("X-Ratelimit-Reset", strconv.FormatInt(time.Now().Add(90*time.Second).Unix(), 10))
			refuse(w, http.StatusTooManyRequests, "API rate limit exceeded for installation.")
		}, 1, 90 * time.Second, 100 * time.Second},
		"429 with a time": {func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "5")
			refuse(w, http.StatusTooManyRequests, "slow down")
		}, 1, 5 * time.Second, 10 * time.Second},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPatch} {
			t.Run(name+" "+method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newStandIn()
					post(t, s.client(t, github.Options{}), comment(7), part("dev", "1"))
					s.before = failing(method, limit.times, limit.answer)
					began := time.Now()
					post(t, s.client(t, github.Options{}), comment(7), part("stg", "2"))
					if took := time.Since(began); took < limit.atLeast || took > limit.most {
						t.Errorf("took %s", took)
					}
					if got := text(only(t, s, 7, preview)); !strings.Contains(got, "stg") {
						t.Errorf("%q", got)
					}
				})
			})
		}
	}
}

func TestALimitThatTakesTooLongIsAnErrorAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		s.before = failing(http.MethodGet, 1000, secondary("3600"))
		began := time.Now()
		_, err := s.client(t, github.Options{}).Post(t.Context(), comment(7), part("dev", "1"))
		if !errors.Is(err, github.ErrRateLimited) || time.Since(began) > time.Second || !strings.Contains(err.Error(), "another 1h0m") {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		// The job has less time than that.
		s.before = failing(http.MethodGet, 1000, secondary("60"))
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if _, err := s.client(t, github.Options{}).Post(ctx, comment(7), part("dev", "1")); !errors.Is(err, github.ErrRateLimited) || time.Since(began) > time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}

func TestFailuresOfGitHubAndTheNetworkAreTriedAgain(t *testing.T) {
	t.Parallel()
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPatch} {
		synctest.Test(t, func(t *testing.T) {
			s := newStandIn()
			post(t, s.client(t, github.Options{}), comment(7), part("dev", "1"))
			s.before = failing(method, 2, func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) })
			post(t, s.client(t, github.Options{}), comment(7), part("stg", "2"))
			if got := text(only(t, s, 7, preview)); !strings.Contains(got, "stg") {
				t.Errorf("%s: %q", method, got)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		s.before = failing(http.MethodGet, 1000, func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) })
		if _, err := s.client(t, github.Options{}).Post(t.Context(), comment(7), part("dev", "1")); !errors.Is(err, github.ErrUnavailable) {
			t.Errorf("%v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		broken := &http.Client{Transport: unplugged{}}
		c, err := github.New(github.Options{Token: "token", HTTP: broken})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Post(t.Context(), comment(7), part("dev", "1"))
		if !errors.Is(err, github.ErrUnavailable) || !errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "Bearer") {
			t.Errorf("%v", err)
		}
	})
}

type unplugged struct{}

func (unplugged) RoundTrip(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }

func TestACommentWhoseAnswerGotLostIsNotMadeTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStandIn()
		s.before = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/issues/7/comments") {
				return false
			}
			s.ServeMux.ServeHTTP(lost{}, r)
			w.WriteHeader(http.StatusGatewayTimeout)
			return true
		}
		post(t, s.client(t, github.Options{}), comment(7), part("dev", "1"))
		if len(s.comments[7]) != 1 {
			t.Errorf("%d comments", len(s.comments[7]))
		}
	})
}

// lost forgets an answer.
type lost struct{}

func (lost) Header() http.Header         { return http.Header{} }
func (lost) Write(b []byte) (int, error) { return len(b), nil }
func (lost) WriteHeader(int)             {}
