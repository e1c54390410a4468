// Package first is initialized before the packages that query the terminal. See package noquery, the only one to import
// it.
package first

import "os"

// The variable CI as it was; it is set from here to the end of noquery's initialization.
var (
	was, had = os.LookupEnv("CI")
	_        = os.Setenv("CI", "true")
)

// Restore gives the variable CI back what it had.
func Restore() {
	if had {
		_ = os.Setenv("CI", was)
	} else {
		_ = os.Unsetenv("CI")
	}
}
