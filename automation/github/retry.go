package github

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	gh "github.com/google/go-github/v76/github"
)

const (
	// tries is how often a request is sent that fails on GitHub's side or on the network.
	tries = 5
	// limitPause is how long to wait at a rate limit that does not say how long. GitHub asks for a minute at least:
	// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
	limitPause = time.Minute
)

// do sends a request until it succeeds, cannot succeed, or takes too long. A request that is not repeatable (it creates
// something) is only sent again if it certainly was not carried out; otherwise the caller has to check.
func (c *Client) do(ctx context.Context, what, needs string, repeatable bool, send func() (*gh.Response, error)) error {
	var waited time.Duration
	limited := 0
	for failed := 0; ; {
		_, err := send()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("%s: %w", what, context.Cause(ctx))
		}
		if wait, ok := limit(err, limited); ok {
			limited++
			if waited += wait; waited > c.maxWait || pause(ctx, wait) != nil {
				return &limitedError{what: what, wait: wait, cause: err}
			}
			continue
		}
		if !passing(err) {
			return classify(what, needs, err)
		}
		failed++
		if !repeatable || failed == tries || pause(ctx, jitter(time.Second<<(failed-1))) != nil {
			return fmt.Errorf("%s: %w: %w", what, ErrUnavailable, err)
		}
	}
}

// limit reports whether an error is a rate limit, and how long to wait. before is how many limits the request has hit
// already.
func limit(err error, before int) (time.Duration, bool) {
	var primary *gh.RateLimitError
	if errors.As(err, &primary) {
		return max(time.Until(primary.Rate.Reset.Time), 0) + jitter(time.Second), true
	}
	unsaid := jitter(limitPause << min(before, 4))
	var secondary *gh.AbuseRateLimitError
	if errors.As(err, &secondary) {
		if secondary.RetryAfter == nil {
			return unsaid, true
		}
		return max(*secondary.RetryAfter, 0) + jitter(time.Second), true
	}
	// Both limits also come as 429, and the secondary one without the address of its documentation.
	var refused *gh.ErrorResponse
	if !errors.As(err, &refused) || refused.Response == nil {
		return 0, false
	}
	if refused.Response.StatusCode != http.StatusTooManyRequests &&
		(refused.Response.StatusCode != http.StatusForbidden || !strings.Contains(refused.Message, "secondary rate limit")) {
		return 0, false
	}
	header := refused.Response.Header
	if seconds, err := strconv.Atoi(header.Get("Retry-After")); err == nil {
		return time.Duration(seconds)*time.Second + jitter(time.Second), true
	}
	if at, err := strconv.ParseInt(header.Get("X-Ratelimit-Reset"), 10, 64); err == nil && header.Get("X-Ratelimit-Remaining") == "0" {
		return max(time.Until(time.Unix(at, 0)), 0) + jitter(time.Second), true
	}
	return unsaid, true
}

// passing reports whether an error may be transient: GitHub's own, or the network's.
func passing(err error) bool {
	var refused *gh.ErrorResponse
	if errors.As(err, &refused) && refused.Response != nil {
		return refused.Response.StatusCode >= http.StatusInternalServerError
	}
	var accepted *gh.AcceptedError
	var redirected *gh.RedirectionError
	var second *gh.TwoFactorAuthError
	return !errors.As(err, &accepted) && !errors.As(err, &redirected) && !errors.As(err, &second)
}

// pause waits. It does not even start if the context would end first.
func pause(ctx context.Context, d time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < d {
		return context.DeadlineExceeded
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// jitter returns a duration between d and 1.5 d, so that jobs that failed together do not retry together.
func jitter(d time.Duration) time.Duration { return d + rand.N(d/2+1) }
