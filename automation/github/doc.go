// Package github puts on GitHub what somebody else rendered: one comment on a pull request over all its environments, one
// issue per environment that drifted, and what a step of a workflow can leave behind (summary, outputs, masks,
// annotations). It knows nothing of what is in a body or in a part of one.
//
// # One comment, many jobs
//
// The first line of the comment is an exact marker, and the second line holds its state: the part of every environment,
// as compressed JSON in base64. Only these two lines, and only of comments of the own author, are ever read: what is
// rendered below them cannot forge state, nor can anybody who only may comment. Who may edit the bot's comments, or post
// whole bodies in its name, can: where that is too much, give the platform a GitHub App of its own.
//
// Comments have no conditional write, so jobs that finish together would overwrite each other. Post therefore reads,
// merges and writes under a lock, and afterwards reads again and repeats until its own parts are in. The lock is a
// reaction (eyes) on the comment: GitHub answers 201 to whoever adds it and 200 when the same user had it already
// (https://docs.github.com/rest/reactions/reactions#create-reaction-for-an-issue-comment), and it is removed after the
// write. A reaction that stays the same for lockTTL belongs to a job that was killed, and is removed by whoever waits.
// Where reactions are not allowed the re-reading alone remains, with a pause before it.
//
// Jobs that create the comment at the same time find each other's when they read again: the oldest stays, the others'
// parts go into it, and they are deleted.
//
// # Permissions
//
// Comments need "pull-requests: write", also for the reaction, although both are under /issues/. Drift issues need
// "issues: write". Pull requests from forks get a token that only reads, whatever the workflow says: ErrReadOnly, and the
// step summary is the place to fall back to.
package github
