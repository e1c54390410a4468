// Package wholefile writes files that nobody sees half written.
package wholefile

import "os"

// Replace writes a file so that a reader sees the old one or the new one.
func Replace(path string, raw []byte) error {
	next := path + ".next"
	if err := os.WriteFile(next, raw, 0o600); err != nil {
		return err
	}
	return os.Rename(next, path)
}
