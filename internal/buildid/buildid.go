// Package buildid identifies the program that a process runs.
package buildid

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime/debug"
	"sync"
)

// Program identifies the running program: the commit that it was built from or, if the build does not record it or had
// uncommitted changes, its build ID (see [Of]).
var Program = sync.OnceValues(func() (string, error) {
	settings := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			settings[s.Key] = s.Value
		}
	}
	if commit := settings["vcs.revision"]; commit != "" && settings["vcs.modified"] == "false" {
		return "commit " + commit, nil
	}
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("identify the program: %w", err)
	}
	id, err := Of(path)
	if err != nil {
		return "", fmt.Errorf("identify the program: %w", err)
	}
	return id, nil
})

// headSize is how much of a binary the Go command itself searches for the build ID, twice over.
const headSize = 64 << 10

// Of identifies the Go program in a file by its build ID, which the Go command derives from everything that went into the
// build: sources, dependencies, flags and toolchain. It is in the first pages of the file, so that a binary of some hundred
// megabytes need not be read. A binary that was linked without one is identified by its hash.
func Of(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	head := make([]byte, headSize)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	h := sha256.New()
	if id := find(head[:n]); id != nil {
		h.Write(id)
		return "build " + hex.EncodeToString(h.Sum(nil)), nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	return "binary " + hex.EncodeToString(h.Sum(nil)), nil
}

var (
	// noteName precedes the build ID in the note of an ELF binary.
	noteName = []byte("\x04\x00\x00\x00Go\x00\x00")
	// textMark precedes it in the text of all others.
	textMark = []byte("\xff Go build ID: \"")
	// pattern is a build ID: hashes of the build's inputs and of its results.
	pattern = regexp.MustCompile(`^[\w-]+(/[\w-]+)+`)
)

func find(head []byte) []byte {
	for _, mark := range [][]byte{noteName, textMark} {
		for rest := head; ; {
			i := bytes.Index(rest, mark)
			if i < 0 {
				break
			}
			rest = rest[i+len(mark):]
			if id := pattern.Find(rest); id != nil {
				return id
			}
		}
	}
	return nil
}
