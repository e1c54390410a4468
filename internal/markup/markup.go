// Package markup takes colours out of what the engine and its CLI say.
package markup

import "regexp"

var markup = regexp.MustCompile(`<\{%[^%]*%\}>|\x1b\[[0-9;]*m`)

// Strip removes the engine's colour markup, and terminal colours.
func Strip(text string) string { return markup.ReplaceAllString(text, "") }
