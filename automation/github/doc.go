// Package github publishes results on GitHub: a report as the one comment of a pull request, one issue per environment that
// drifted, and what a step of a workflow can write (summary, outputs, masks, annotations).
//
//	run, err := github.ReadRun(github.Surroundings{Getenv: os.Getenv, ReadFile: os.ReadFile})
//	client, err := github.New(github.Options{Token: os.Getenv("GITHUB_TOKEN"), URL: run.APIURL})
//	found := report.Of("Platform preview", runs...)
//	posted, err := client.Post(ctx, github.Comment{
//		Repository: run.Repository, PullRequest: run.PullRequest, Head: run.Head, RunURL: run.URL,
//	}, found)
//	if errors.Is(err, github.ErrReadOnly) { // a pull request from a fork
//		err = github.NewStep(os.Getenv, os.Stdout).Report(found)
//	}
//
// # One comment, one writer
//
// The first line of the comment is an exact marker, by which it is found again among the client's own; nothing else in a
// comment is ever read, so nothing that others write there is trusted. One job writes it, from the parts that the others
// wrote (report.Read, report.Join): GitHub has no conditional writes for comments, and concurrent jobs would overwrite each
// other. A run whose commit is no longer the head of the pull request writes nothing.
//
// A drift issue has a second hidden line with the resources that drifted, as compressed JSON in base64, and is the only
// text that is read back: a comment lists what is new and what is gone.
//
// # Permissions
//
// Comments need "pull-requests: write", although they are under /issues/. Drift issues need "issues: write". Pull requests
// from forks get a read-only token, whatever the workflow says: the error is ErrReadOnly, and the step summary is the
// fallback.
package github
