package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	gh "github.com/google/go-github/v76/github"
)

// Options are the settings of a Client.
type Options struct {
	// Token authorises requests: the GITHUB_TOKEN of the job, or a token of an app or a person. Required.
	Token string
	// URL is the root of the REST API: https://api.github.com by default, Run.APIURL in a workflow on GitHub Enterprise.
	URL string
	// Login is the user that the token writes as, such as "github-actions[bot]". Empty: GitHub is asked. Comments and
	// issues of other users are never changed, nor is their content trusted.
	Login string
	// HTTP sends the requests; a client with a timeout of 30 s by default.
	HTTP *http.Client
	// MaxWait is how long a request may wait for rate limits: 5 min by default.
	MaxWait time.Duration
}

// Client writes to GitHub. It is safe for concurrent use.
type Client struct {
	api     *gh.Client
	maxWait time.Duration

	mu    sync.Mutex // of login
	login string
}

// Repository is a repository on GitHub.
type Repository struct {
	Owner, Name string
}

// String returns owner/name.
func (r Repository) String() string { return r.Owner + "/" + r.Name }

func (r Repository) problem() error {
	if r.Owner == "" || r.Name == "" || strings.ContainsAny(r.Owner+r.Name, "/ ?#%") {
		return fmt.Errorf("repository %q: %w: give it as owner and name", r, ErrInvalid)
	}
	return nil
}

// New returns a client. It sends no request.
func New(opts Options) (*Client, error) {
	if opts.Token == "" {
		return nil, fmt.Errorf("token: %w: it is empty; in a workflow pass ${{ github.token }} to the step", ErrInvalid)
	}
	if opts.HTTP == nil {
		opts.HTTP = &http.Client{Timeout: 30 * time.Second}
	}
	if opts.MaxWait == 0 {
		opts.MaxWait = 5 * time.Minute
	}
	api := gh.NewClient(opts.HTTP).WithAuthToken(opts.Token)
	// This package handles rate limits itself, and waits no longer than MaxWait.
	api.DisableRateLimitCheck = true
	if opts.URL != "" {
		root, err := url.Parse(strings.TrimSuffix(opts.URL, "/") + "/")
		if err != nil || root.Host == "" || root.Scheme != "https" && root.Scheme != "http" {
			return nil, fmt.Errorf("url %q: %w: it must be the root of a REST API, as https://api.github.com", opts.URL, ErrInvalid)
		}
		api.BaseURL = root
	}
	return &Client{api: api, maxWait: opts.MaxWait, login: opts.Login}, nil
}

// Login returns the user that the token writes as.
//
// A workflow's GITHUB_TOKEN may not call GET /user, but GraphQL's viewer answers every kind of token: with
// "github-actions[bot]" for that one, the spelling that comments carry in the REST API
// (https://github.com/marocchino/sticky-pull-request-comment/pull/332).
func (c *Client) Login(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.login != "" {
		return c.login, nil
	}
	var answer struct {
		Data struct {
			Viewer struct {
				Login string `json:"login"`
			} `json:"viewer"`
		} `json:"data"`
	}
	err := c.do(ctx, "find the user of the token", "metadata: read", true, func() (*gh.Response, error) {
		// Beside the REST API: /graphql, and /api/graphql where that one is /api/v3.
		request, err := c.api.NewRequest(http.MethodPost, "../graphql", map[string]string{"query": "query { viewer { login } }"})
		if err != nil {
			return nil, err
		}
		return c.api.Do(ctx, request, &answer)
	})
	if err != nil {
		return "", err
	}
	if answer.Data.Viewer.Login == "" {
		return "", fmt.Errorf("find the user of the token: %w: GitHub does not say; set the login", ErrUnauthorized)
	}
	c.login = answer.Data.Viewer.Login
	return c.login, nil
}

// own reports whether login is the user of this client. Logins ignore case.
func own(user *gh.User, login string) bool { return strings.EqualFold(user.GetLogin(), login) }

// Head returns the current head commit of a pull request.
func (c *Client) Head(ctx context.Context, repo Repository, pullRequest int) (string, error) {
	var pull *gh.PullRequest
	what := fmt.Sprintf("read pull request %d of %s", pullRequest, repo)
	err := c.do(ctx, what, "pull-requests: read", true, func() (response *gh.Response, err error) {
		pull, response, err = c.api.PullRequests.Get(ctx, repo.Owner, repo.Name, pullRequest)
		return response, err
	})
	if err != nil {
		return "", err
	}
	return pull.GetHead().GetSHA(), nil
}
