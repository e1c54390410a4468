// Package noquery keeps the packages that a program imports from querying the terminal before main.
//
// The Pulumi SDK imports github.com/charmbracelet/bubbletea, whose initialization asks the terminal on standard output for
// its background color: escape codes in front of whatever the command prints, and seconds of waiting where nothing
// answers. There is no switch against it but the environment: github.com/muesli/termenv asks nothing where CI is set. So
// package first sets CI, and this one restores it once bubbletea is through.
//
// The order is that of the language: of the packages that can be initialized, the one with the first import path is.
// Package first imports nothing but os, and its path is before that of termenv, which bubbletea needs.
package noquery

import (
	_ "github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil" // imports bubbletea

	"github.com/eks-platform/eks-platform/internal/noquery/first"
)

func init() { first.Restore() }
