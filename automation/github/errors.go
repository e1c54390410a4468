package github

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	gh "github.com/google/go-github/v76/github"
)

// The kinds of failures, for errors.Is.
var (
	// ErrInvalid: an argument is wrong; nothing was sent.
	ErrInvalid = errors.New("invalid")
	// ErrReadOnly: the token must not write here. The step summary needs no token.
	ErrReadOnly = errors.New("the token lacks the permission")
	// ErrUnauthorized: the token is missing, wrong or expired.
	ErrUnauthorized = errors.New("GitHub rejects the token")
	// ErrNotFound: it does not exist, or the token must not see it.
	ErrNotFound = errors.New("GitHub returns not found")
	// ErrRateLimited: GitHub asks to wait for longer than the options or the context allow.
	ErrRateLimited = errors.New("GitHub's rate limit is exceeded")
	// ErrTooLarge: the text does not fit, even at its shortest.
	ErrTooLarge = errors.New("too large for GitHub")
	// ErrUnavailable: GitHub, or the network on the way, failed several times in a row.
	ErrUnavailable = errors.New("GitHub is not available")
	// ErrNotActions: this is not a step of a GitHub Actions workflow, or its environment is incomplete.
	ErrNotActions = errors.New("not a step of a GitHub Actions workflow")
)

// limitedError is an ErrRateLimited with the time that GitHub asks to wait.
type limitedError struct {
	what  string
	wait  time.Duration
	cause error
}

func (e *limitedError) Error() string {
	return fmt.Sprintf("%s: %v for another %s: %v", e.what, ErrRateLimited, e.wait.Round(time.Second), e.cause)
}

func (e *limitedError) Unwrap() []error { return []error{ErrRateLimited, e.cause} }

// errBodyTooLong is GitHub's rejection of a body.
var errBodyTooLong = errors.New("GitHub finds the body too long")

// classify returns the kind of a permanent error. needs is the permission that the request needs.
func classify(what, needs string, err error) error {
	var refused *gh.ErrorResponse
	if !errors.As(err, &refused) || refused.Response == nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	switch status := refused.Response.StatusCode; {
	case status == http.StatusForbidden && strings.HasPrefix(refused.Message, "Resource not accessible by"):
		return fmt.Errorf("%s: %w: it needs the permission %q (in the job's or the workflow's permissions, or the token's or "+
			"app's own). Pull requests from forks and runs started by Dependabot get a read-only token, whatever the "+
			"workflow says: %w", what, ErrReadOnly, needs, err)
	case status == http.StatusUnauthorized:
		return fmt.Errorf("%s: %w: %w", what, ErrUnauthorized, err)
	case status == http.StatusNotFound, status == http.StatusGone:
		return fmt.Errorf("%s: %w: it does not exist, or the token must not see it (permission %q): %w", what, ErrNotFound, needs, err)
	case status == http.StatusUnprocessableEntity && tooLong(refused):
		return fmt.Errorf("%s: %w: %w", what, errBodyTooLong, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// tooLong reports whether the errors include "Body is too long (maximum is 65536 characters)".
func tooLong(e *gh.ErrorResponse) bool {
	if strings.Contains(e.Message, "too long") {
		return true
	}
	for _, detail := range e.Errors {
		if strings.Contains(detail.Message, "too long") {
			return true
		}
	}
	return false
}
