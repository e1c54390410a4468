package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	gh "github.com/google/go-github/v76/github"
)

const (
	// rounds is how often Post looks whether its parts are in the comment.
	rounds = 12
	// settle is how long Post waits before it looks, where nothing kept others from writing at the same time: after it
	// created the comment, and after it wrote without the lock.
	settle = 2 * time.Second
)

// Comment is the one comment of a pull request.
type Comment struct {
	// Repository and PullRequest say where it is. Required.
	Repository  Repository
	PullRequest int
	// Key tells comments of one pull request apart, for instance two projects in one repository. Empty: there is one.
	Key string
	// Environments are those that there are: parts of older commits of any other are dropped. Empty: none is.
	Environments []string
	// Limit is the largest body, in bytes, hidden lines included: MaxBody by default.
	Limit int
	// Render turns the parts, by environment, into markdown of no more than budget bytes. It must shorten by itself,
	// and can be called several times. Required.
	Render func(parts map[string]Part, budget int) (string, error)
}

// Posted is what became of a comment.
type Posted struct {
	// ID and URL are the comment's.
	ID  int64
	URL string
	// Created: there was none before.
	Created bool
	// Removed is how many duplicates were deleted; their parts are in the comment.
	Removed int
	// Superseded are the environments of the given parts that are not in the comment, because a later one was there.
	Superseded []string
	// Shortened are the environments that the comment has only a brief part of, and Dropped those of older commits
	// that there was no room for.
	Shortened, Dropped []string
	// Size is the size of the body in bytes.
	Size int
}

// Post puts parts into the comment of a pull request, beside those of other jobs, and creates it when there is none. It
// returns when they are in it, or later ones are. Errors: ErrReadOnly, ErrNotFound, ErrUnauthorized, ErrRateLimited,
// ErrUnavailable, ErrTooLarge, ErrContended, ErrInvalid, and those of Render and the context.
func (c *Client) Post(ctx context.Context, comment Comment, parts ...Part) (*Posted, error) {
	p, err := newPost(c, comment, parts)
	if err != nil {
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
	login  string
	marker string
	parts  map[string]Part
	limit  int

	head    string // of the pull request, when the comment was written last
	written bool   // the parts were in the comment, by this post
	posted  Posted
}

func newPost(c *Client, comment Comment, parts []Part) (*post, error) {
	p := &post{Client: c, Comment: comment, parts: map[string]Part{}, limit: cmp.Or(comment.Limit, MaxBody)}
	if err := comment.Repository.problem(); err != nil {
		return nil, err
	}
	switch {
	case comment.PullRequest <= 0:
		return nil, fmt.Errorf("pull request %d: %w: it must be a number from 1", comment.PullRequest, ErrInvalid)
	case comment.Render == nil:
		return nil, fmt.Errorf("render: %w: it must be set", ErrInvalid)
	case len(parts) == 0:
		return nil, fmt.Errorf("parts: %w: there is none", ErrInvalid)
	}
	var err error
	if p.marker, err = marker("preview", comment.Key); err != nil {
		return nil, err
	}
	for _, part := range parts {
		if part, err = part.checked(); err != nil {
			return nil, err
		}
		if _, twice := p.parts[part.Environment]; twice {
			return nil, fmt.Errorf("parts: %w: there are two of environment %q", ErrInvalid, part.Environment)
		}
		if len(comment.Environments) > 0 && !slices.Contains(comment.Environments, part.Environment) {
			return nil, fmt.Errorf("parts: %w: environment %q is not one of %q", ErrInvalid, part.Environment, comment.Environments)
		}
		p.parts[part.Environment] = part
	}
	return p, nil
}

// errMoved: the comment is not what it was when it was read; look again.
var errMoved = errors.New("the comment changed meanwhile")

func (p *post) run(ctx context.Context) error {
	var last error // of the last round
	var waited time.Duration
	hesitated := false
	for range rounds {
		found, err := p.find(ctx)
		if err != nil {
			return err
		}
		var quiet bool
		switch {
		case p.settled(found):
			return nil
		case len(found) == 0 && !hesitated:
			// Jobs that finish together would each create one, and everybody watching gets a mail for each.
			hesitated = true
			if err := pause(ctx, rand.N(time.Second)); err != nil {
				return err
			}
			continue
		case len(found) == 0:
			err = p.create(ctx)
		default:
			quiet, err = p.update(ctx, found[0].id)
		}
		var limited *limitedError
		wait := jitter(settle)
		switch {
		case err == nil && quiet:
			last = nil
			continue
		case err == nil:
			last = nil
		case ctx.Err() != nil:
			return err
		case errors.As(err, &limited) && waited+limited.wait <= p.maxWait:
			waited += limited.wait
			wait, last = limited.wait, err
		case errors.Is(err, context.DeadlineExceeded): // that of the lock
			last = fmt.Errorf("%w: it was too slow for the time that a job may hold the lock: %w", ErrUnavailable, err)
		case errors.Is(err, errMoved), errors.Is(err, ErrUnavailable):
			last = err
		case errors.Is(err, errBodyTooLong):
			if p.limit = p.limit * 3 / 4; p.limit < cmp.Or(p.Limit, MaxBody)/4 {
				return fmt.Errorf("%w: %w", ErrTooLarge, err)
			}
			continue
		default:
			return err
		}
		if err := pause(ctx, wait); err != nil {
			if last != nil {
				return last
			}
			return err
		}
	}
	if last != nil && last != errMoved {
		return last
	}
	return fmt.Errorf("%w: %d times the comment was another one, or without this job's parts, after they had been written; does another job write the same "+
		"environments in the same run?", ErrContended, rounds)
}

// settled tells whether there is one comment, and the parts are in it.
func (p *post) settled(found []foundComment) bool {
	if !p.written || len(found) != 1 {
		return false
	}
	expected := maps.Clone(p.parts)
	for _, name := range p.posted.Dropped {
		delete(expected, name)
	}
	if !holds(found[0].parts, expected, p.head) {
		return false
	}
	p.posted.ID, p.posted.URL, p.posted.Size = found[0].id, found[0].url, len(found[0].body)
	return true
}

// foundComment is a comment of the own author with the marker.
type foundComment struct {
	id        int64
	url, body string
	parts     map[string]Part
}

// find returns the comments with the marker, the oldest first.
func (p *post) find(ctx context.Context) ([]foundComment, error) {
	var found []foundComment
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
			s := state{}
			if !own(comment.User, p.login) || !decode(comment.GetBody(), p.marker, &s) {
				continue
			}
			for name, part := range s.Parts {
				part.Environment = name
				s.Parts[name] = part
			}
			found = append(found, foundComment{
				id: comment.GetID(), url: comment.GetHTMLURL(), body: comment.GetBody(), parts: s.Parts,
			})
		}
		if next == 0 {
			break
		}
		opts.Page = next
	}
	slices.SortFunc(found, func(a, b foundComment) int { return cmp.Compare(a.id, b.id) })
	return found, nil
}

// create writes a comment where there is none.
func (p *post) create(ctx context.Context) error {
	body, err := p.body(ctx, nil)
	if err != nil {
		return err
	}
	err = p.do(ctx, "create a comment", "pull-requests: write", false, func() (*gh.Response, error) {
		_, response, err := p.api.Issues.CreateComment(ctx, p.Repository.Owner, p.Repository.Name, p.PullRequest, &gh.IssueComment{Body: &body})
		return response, err
	})
	if err == nil {
		p.written, p.posted.Created = true, true
	}
	return err
}

// update merges the parts into the oldest comment, and deletes the others. quiet tells that nobody else wrote meanwhile.
func (p *post) update(ctx context.Context, oldest int64) (quiet bool, err error) {
	lock, err := p.lock(ctx, p.Repository, p.login, oldest)
	if errors.Is(err, ErrNotFound) {
		return false, fmt.Errorf("%w: %w", errMoved, err)
	}
	if err != nil {
		return false, err
	}
	if lock != nil {
		defer lock.release()
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, lock.until)
		defer cancel()
	}
	found, err := p.find(ctx)
	if err != nil {
		return false, err
	}
	if len(found) == 0 || found[0].id != oldest {
		return false, errMoved
	}
	body, err := p.body(ctx, found)
	if err != nil {
		return false, err
	}
	if body != found[0].body {
		err := p.do(ctx, "update the comment", "pull-requests: write", true, func() (*gh.Response, error) {
			_, response, err := p.api.Issues.EditComment(ctx, p.Repository.Owner, p.Repository.Name, oldest, &gh.IssueComment{Body: &body})
			return response, err
		})
		if errors.Is(err, ErrNotFound) {
			return false, fmt.Errorf("%w: %w", errMoved, err)
		}
		if err != nil {
			return false, err
		}
	}
	p.written = true
	for _, duplicate := range found[1:] {
		err := p.do(ctx, "delete a duplicate of the comment", "pull-requests: write", true, func() (*gh.Response, error) {
			return p.api.Issues.DeleteComment(ctx, p.Repository.Owner, p.Repository.Name, duplicate.id)
		})
		if err != nil && !errors.Is(err, ErrNotFound) {
			return false, err
		}
		p.posted.Removed++
	}
	return lock != nil, nil
}

// body returns the comment as it should be: what is there, merged with the own parts.
func (p *post) body(ctx context.Context, found []foundComment) (string, error) {
	head, err := p.Head(ctx, p.Repository, p.PullRequest)
	if err != nil {
		return "", err
	}
	parts := map[string]Part{}
	for _, comment := range found {
		merge(parts, comment.parts, head)
	}
	p.head, p.posted.Superseded = head, merge(parts, p.parts, head)
	for name, part := range parts {
		part.Stale = part.Head != head
		parts[name] = part
		if part.Stale && len(p.Environments) > 0 && !slices.Contains(p.Environments, name) {
			delete(parts, name)
		}
	}
	return p.compose(parts)
}

// compose renders the parts, of which it drops what does not fit. The hidden state may take half of the body.
func (p *post) compose(parts map[string]Part) (string, error) {
	all := slices.Sorted(maps.Keys(parts))
	for {
		line, err := encodeState(state{Parts: parts})
		if err != nil {
			return "", err
		}
		budget := p.limit - frameSize(p.marker, line)
		short := fmt.Errorf("%w: the parts alone take %d bytes of %d; give them a shorter brief", ErrTooLarge, len(line), p.limit)
		if len(line) <= p.limit/2 {
			text, err := p.Render(maps.Clone(parts), budget)
			if err != nil {
				return "", fmt.Errorf("render: %w", err)
			}
			if len(text) <= budget {
				p.posted.Shortened, p.posted.Dropped = nil, nil
				for _, name := range all {
					if part, ok := parts[name]; !ok {
						p.posted.Dropped = append(p.posted.Dropped, name)
					} else if part.Shortened() {
						p.posted.Shortened = append(p.posted.Shortened, name)
					}
				}
				return frame(p.marker, line, strings.ToValidUTF8(text, "?")), nil
			}
			short = fmt.Errorf("%w: rendered %d bytes for a budget of %d", ErrTooLarge, len(text), budget)
		}
		if !shorten(parts) {
			return "", short
		}
	}
}
