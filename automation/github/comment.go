package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	gh "github.com/google/go-github/v76/github"

	"github.com/eks-platform/eks-platform/automation/report"
)

const (
	// rounds is how often Post tries: the comment can vanish between read and write, the response to its creation can get
	// lost, and GitHub can find it too long.
	rounds = 5
	// settle is how long to wait before listing after something was created: lists lag behind.
	settle = 2 * time.Second
)

// Comment is the one comment of a pull request. One job writes it, after those that made its report.
type Comment struct {
	// Repository and PullRequest say where it is. Required.
	Repository  Repository
	PullRequest int
	// Head is the commit that the report is about, Run.Head. If the pull request has another head by now, nothing is
	// written: the run of that commit will write. Empty: it is written in any case.
	Head string
	// Key distinguishes comments of one pull request, for instance of two projects in one repository. Empty: there is only
	// one.
	Key string
	// RunURL is where the whole report can be read if it does not fit.
	RunURL string
	// Limit is the largest body, in bytes, the hidden line included: MaxBody by default.
	Limit int
}

// Posted is the result of Post.
type Posted struct {
	// ID and URL are the comment's.
	ID  int64
	URL string
	// Created: there was none before.
	Created bool
	// Superseded: nothing was written, because the pull request has a newer head.
	Superseded bool
	// Removed is how many duplicates were deleted.
	Removed int
	// Size is the size of the body in bytes.
	Size int
}

// Post writes a report into the comment of a pull request: it creates the comment, or replaces its text. Errors:
// ErrReadOnly, ErrNotFound, ErrUnauthorized, ErrRateLimited, ErrUnavailable, ErrTooLarge, ErrInvalid, and those of the
// context.
func (c *Client) Post(ctx context.Context, comment Comment, r *report.Report) (*Posted, error) {
	p := &post{Client: c, Comment: comment, report: r, limit: cmp.Or(comment.Limit, MaxBody)}
	if err := comment.Repository.problem(); err != nil {
		return nil, err
	}
	if comment.PullRequest <= 0 {
		return nil, fmt.Errorf("pull request %d: %w: it must be a number from 1", comment.PullRequest, ErrInvalid)
	}
	var err error
	if p.marker, err = marker("preview", comment.Key); err != nil {
		return nil, err
	}
	if p.login, err = c.Login(ctx); err != nil {
		return nil, err
	}
	if err := p.run(ctx); err != nil {
		return nil, fmt.Errorf("comment on pull request %d of %s: %w", comment.PullRequest, comment.Repository, err)
	}
	return &p.posted, nil
}

// post is one call of Post.
type post struct {
	*Client
	Comment
	report *report.Report
	login  string
	marker string
	limit  int
	posted Posted
}

func (p *post) run(ctx context.Context) error {
	if p.Comment.Head != "" {
		head, err := p.Client.Head(ctx, p.Repository, p.PullRequest)
		if err != nil {
			return err
		}
		if p.posted.Superseded = head != p.Comment.Head; p.posted.Superseded {
			return nil
		}
	}
	var last error
	for range rounds {
		err := p.write(ctx)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, errBodyTooLong):
			if p.limit = p.limit * 3 / 4; p.limit < cmp.Or(p.Limit, MaxBody)/4 {
				return fmt.Errorf("%w: %w", ErrTooLarge, err)
			}
		case errors.Is(err, errMoved), errors.Is(err, ErrUnavailable):
			if pause(ctx, jitter(settle)) != nil {
				return err
			}
		default:
			return err
		}
		last = err
	}
	return last
}

// errMoved: the comment was deleted after it was found.
var errMoved = errors.New("the comment was deleted in the meantime")

// write creates the comment, or updates the oldest and deletes the others.
func (p *post) write(ctx context.Context) error {
	found, err := p.find(ctx)
	if err != nil {
		return err
	}
	body := p.body()
	p.posted.Size = len(body)
	if len(found) == 0 {
		return p.create(ctx, body)
	}
	oldest := found[0]
	p.posted.ID, p.posted.URL = oldest.GetID(), oldest.GetHTMLURL()
	if body != oldest.GetBody() {
		err := p.do(ctx, "update the comment", "pull-requests: write", true, func() (*gh.Response, error) {
			_, response, err := p.api.Issues.EditComment(ctx, p.Repository.Owner, p.Repository.Name, oldest.GetID(), &gh.IssueComment{Body: &body})
			return response, err
		})
		if errors.Is(err, ErrNotFound) {
			return fmt.Errorf("%w: %w", errMoved, err)
		}
		if err != nil {
			return err
		}
	}
	for _, duplicate := range found[1:] {
		err := p.do(ctx, "delete a duplicate of the comment", "pull-requests: write", true, func() (*gh.Response, error) {
			return p.api.Issues.DeleteComment(ctx, p.Repository.Owner, p.Repository.Name, duplicate.GetID())
		})
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		p.posted.Removed++
	}
	return nil
}

// create creates the comment. A request whose response got lost is not repeated: the next round looks.
func (p *post) create(ctx context.Context, body string) error {
	return p.do(ctx, "create a comment", "pull-requests: write", false, func() (*gh.Response, error) {
		created, response, err := p.api.Issues.CreateComment(ctx, p.Repository.Owner, p.Repository.Name, p.PullRequest, &gh.IssueComment{Body: &body})
		if err == nil {
			p.posted.ID, p.posted.URL, p.posted.Created = created.GetID(), created.GetHTMLURL(), true
		}
		return response, err
	})
}

// find returns the client's own comments with the marker, oldest first.
func (p *post) find(ctx context.Context) ([]*gh.IssueComment, error) {
	var found []*gh.IssueComment
	opts := &gh.IssueListCommentsOptions{ListOptions: gh.ListOptions{PerPage: 100}}
	for {
		var page []*gh.IssueComment
		next := 0
		err := p.do(ctx, "list comments", "pull-requests: write", true, func() (response *gh.Response, err error) {
			page, response, err = p.api.Issues.ListComments(ctx, p.Repository.Owner, p.Repository.Name, p.PullRequest, opts)
			if err == nil {
				next = response.NextPage
			}
			return response, err
		})
		if err != nil {
			return nil, err
		}
		for _, comment := range page {
			if own(comment.User, p.login) && marked(comment.GetBody(), p.marker) {
				found = append(found, comment)
			}
		}
		if next == 0 {
			break
		}
		opts.Page = next
	}
	slices.SortFunc(found, func(a, b *gh.IssueComment) int { return cmp.Compare(a.GetID(), b.GetID()) })
	return found, nil
}

// body is the comment as it should be: the marker, and as much of the report as fits.
func (p *post) body() string {
	head := p.marker + "\n\n"
	budget := p.limit - len(head)
	parts := report.MarkdownParts(p.report, budget)
	text := parts[0]
	if len(parts) > 1 {
		// The names of replaced and deleted resources alone are too much for one comment.
		more := "\n\n**The list continues in the summary of the run.**\n"
		if p.RunURL != "" {
			more = fmt.Sprintf("\n\n**The list continues in the [summary of the run](%s).**\n", p.RunURL)
		}
		text = report.MarkdownParts(p.report, budget-len(more))[0] + more
	}
	return head + strings.ToValidUTF8(text, "?")
}
