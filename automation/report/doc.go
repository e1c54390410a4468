// Package report tells people what previews, deploys and drift checks found: one model, made of automation's results,
// and four renderings of it.
//
// Of makes a Report. Markdown is for comments on pull requests and has a budget, within which it leaves out the least
// important first and never a replacement or a deletion; without a budget it is the full document for a step summary
// or a file. Text is for terminals, HTML a page that stands alone, JSON for machines.
//
//	found := report.Of("Platform preview", report.Run{Environment: "prod", Result: result, Err: err})
//	err = report.Markdown(os.Stdout, found, report.Budget)
//
// All values in a Report are fit to be shown: automation blinds secrets before they get here, and Of masks once more
// what looks like a credential. Each rendering makes text harmless in its own format: a resource that is called
// </details> is shown as that.
package report
