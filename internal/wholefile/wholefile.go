// Package wholefile writes files atomically.
package wholefile

import "os"

// Replace writes a file so that readers see either the old or the new content.
func Replace(path string, raw []byte) error {
	next := path + ".next"
	if err := os.WriteFile(next, raw, 0o600); err != nil {
		return err
	}
	return os.Rename(next, path)
}
