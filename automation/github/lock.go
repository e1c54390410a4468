package github

import (
	"context"
	"errors"
	"net/http"
	"time"

	gh "github.com/google/go-github/v76/github"
)

const (
	// lockReaction is the reaction that is the lock of a comment.
	lockReaction = "eyes"
	// sectionTime is how long a job may hold the lock. Its requests end with it.
	sectionTime = 20 * time.Second
	// lockTTL is how long a lock must have been seen unchanged to be a killed job's. It leaves a request that was sent
	// at the end of its holder's time long enough to arrive.
	lockTTL = 50 * time.Second
	// lockWait is how long a job waits for the lock before it writes without.
	lockWait = 3 * time.Minute
)

// held is a lock that was taken.
type held struct {
	until   time.Time // when the holder must be done
	release func()
}

// lock takes the lock of a comment. It returns none when the token may not react or others held it for too long: the
// caller goes on with more care.
func (c *Client) lock(ctx context.Context, repo Repository, login string, comment int64) (*held, error) {
	var seen int64 // the reaction of another job
	var since time.Time
	until := time.Now().Add(lockWait)
	for round := 0; ; round++ {
		if round > 0 {
			if err := pause(ctx, jitter(min(time.Duration(round)*400*time.Millisecond, 2*time.Second))); err != nil {
				return nil, err
			}
		}
		holder, err := c.lockHolder(ctx, repo, login, comment, round)
		if err == nil && holder == 0 {
			var sent time.Time
			var taken bool
			holder, sent, taken, err = c.react(ctx, repo, comment)
			if err == nil && taken {
				return &held{until: sent.Add(sectionTime), release: func() { c.unreact(ctx, repo, comment, holder) }}, nil
			}
		}
		switch {
		case err != nil && (errors.Is(err, ErrReadOnly) || refused(err)):
			return nil, nil
		case err != nil:
			return nil, err
		case holder != seen:
			seen, since = holder, time.Now()
		case time.Since(since) > lockTTL:
			c.unreact(ctx, repo, comment, holder)
		}
		if time.Now().After(until) {
			return nil, nil
		}
	}
}

// refused tells whether GitHub does not want the reaction, for instance because the conversation is locked.
func refused(err error) bool {
	var response *gh.ErrorResponse
	return errors.As(err, &response) && response.Response != nil &&
		(response.Response.StatusCode == http.StatusForbidden || response.Response.StatusCode == http.StatusUnprocessableEntity)
}

// lockHolder returns the reaction that is the lock now, or 0. The first round does not ask: it tries.
// Reading costs a fifth of what writing does towards the secondary limits.
func (c *Client) lockHolder(ctx context.Context, repo Repository, login string, comment int64, round int) (int64, error) {
	if round == 0 {
		return 0, nil
	}
	var reactions []*gh.Reaction
	err := c.do(ctx, "read the lock of the comment", "pull-requests: read", true, func() (response *gh.Response, err error) {
		opts := &gh.ListReactionOptions{Content: lockReaction, ListOptions: gh.ListOptions{PerPage: 100}}
		reactions, response, err = c.api.Reactions.ListIssueCommentReactions(ctx, repo.Owner, repo.Name, comment, opts)
		return response, err
	})
	if err != nil {
		return 0, err
	}
	for _, reaction := range reactions {
		if own(reaction.User, login) && reaction.GetContent() == lockReaction {
			return reaction.GetID(), nil
		}
	}
	return 0, nil
}

// react adds the reaction, and tells when it asked for it and whether it was not there before.
func (c *Client) react(ctx context.Context, repo Repository, comment int64) (id int64, sent time.Time, taken bool, err error) {
	err = c.do(ctx, "lock the comment", "pull-requests: write", true, func() (*gh.Response, error) {
		sent = time.Now()
		reaction, response, err := c.api.Reactions.CreateIssueCommentReaction(ctx, repo.Owner, repo.Name, comment, lockReaction)
		if err != nil {
			return response, err
		}
		id, taken = reaction.GetID(), response.StatusCode == http.StatusCreated
		return response, nil
	})
	return id, sent, taken, err
}

// unreact removes a reaction, also when the job is being cancelled. What stays is removed by the next job that waits.
func (c *Client) unreact(ctx context.Context, repo Repository, comment, reaction int64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sectionTime)
	defer cancel()
	_ = c.do(ctx, "unlock the comment", "pull-requests: write", true, func() (*gh.Response, error) {
		return c.api.Reactions.DeleteIssueCommentReaction(ctx, repo.Owner, repo.Name, comment, reaction)
	})
}
