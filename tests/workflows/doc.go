// Package workflows holds the rules that the repository's GitHub workflows keep: which jobs run a pull request's code, with
// which permissions, on which runners. actionlint, which .ci/run runs, checks that they are well-formed.
package workflows
