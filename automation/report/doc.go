// Package report presents what previews, deploys and drift checks found: one model, made of automation's results, and four
// renderings of it.
//
// Of makes a Report. Markdown is for comments on pull requests and has a size budget, within which it leaves out the least
// important first and never a replacement or a deletion; without a budget it is the full document for a step summary or a
// file. Text is for terminals, HTML a self-contained page, JSON for machines.
//
//	found := report.Of("Platform preview", report.Run{Environment: "prod", Result: result, Err: err})
//	err = report.Markdown(os.Stdout, found, report.Budget)
//
// All values in a Report are safe to show: automation redacts secrets first, and Of masks what still looks like a
// credential. Each rendering escapes text for its format: a resource named </details> is shown as that.
package report
