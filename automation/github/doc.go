// Package github puts on GitHub what was found: a report as the one comment of a pull request, one issue per environment
// that drifted, and what a step of a workflow can leave behind (summary, outputs, masks, annotations).
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
// The first line of the comment is an exact marker, by which it is found again among those of the own author; nothing else
// in a comment is ever read, so nobody can put anything into it that is believed. One job writes it, from the parts that
// the others left (report.Read, report.Join): GitHub's comments have no conditional write, and jobs that wrote one at the
// same time would overwrite each other. A run whose commit is no longer the head of the pull request writes nothing.
//
// A drift issue has a second hidden line with the resources that drifted, as compressed JSON in base64, and is the only
// one that is read back: what is new and what is gone is told in a comment.
//
// # Permissions
//
// Comments need "pull-requests: write", although they are under /issues/. Drift issues need "issues: write". Pull requests
// from forks get a token that only reads, whatever the workflow says: ErrReadOnly, and the step summary is the place to
// fall back to.
package github
