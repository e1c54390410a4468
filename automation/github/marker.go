package github

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
)

const (
	// MaxBody is the largest body of a comment or an issue that is written, in bytes, hidden lines included. GitHub's
	// limit is 65,536 characters, but it has refused less (https://github.com/infracost/infracost, internal/comment).
	MaxBody = 60_000

	statePrefix, stateSuffix = "<!-- eks-platform:state ", " -->"

	// maxState is the largest state that is read, in bytes of JSON.
	maxState = 16 << 20
)

// keyPattern is what a marker may contain: it must not end an HTML comment.
var keyPattern = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._/-]{0,98}[A-Za-z0-9])?$`)

// marker returns the first line of a body. No marker is a prefix of another, and lines are compared whole.
func marker(kind, key string) (string, error) {
	if key == "" {
		return fmt.Sprintf("<!-- eks-platform:%s v1 -->", kind), nil
	}
	if !keyPattern.MatchString(key) || strings.Contains(key, "--") {
		return "", fmt.Errorf("key %q: %w: it must match %s and must not contain two hyphens in a row", key, ErrInvalid, keyPattern)
	}
	return fmt.Sprintf("<!-- eks-platform:%s v1 key=%s -->", kind, key), nil
}

// marked reports whether a body begins with the marker.
func marked(body, marker string) bool {
	first, _, _ := strings.Cut(body, "\n")
	return strings.TrimSuffix(first, "\r") == marker // browsers send CRLF
}

// encodeState returns the second line of a body.
func encodeState(state any) (string, error) {
	plain, err := json.Marshal(state)
	if err != nil {
		return "", err
	}
	var packed bytes.Buffer
	// Writing to memory at a valid level cannot fail.
	zip, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	_, _ = zip.Write(plain)
	_ = zip.Close()
	return statePrefix + base64.StdEncoding.EncodeToString(packed.Bytes()) + stateSuffix, nil
}

// decode reports whether a body begins with the marker, and reads its state. A state that cannot be read, because the body
// was edited, leaves it empty.
func decode(body, marker string, state any) bool {
	if !marked(body, marker) {
		return false
	}
	_, rest, _ := strings.Cut(body, "\n")
	second, _, _ := strings.Cut(rest, "\n")
	packed, found := strings.CutPrefix(strings.TrimSuffix(second, "\r"), statePrefix)
	packed, closed := strings.CutSuffix(packed, stateSuffix)
	if !found || !closed {
		return true
	}
	raw, err := base64.StdEncoding.DecodeString(packed)
	if err != nil {
		return true
	}
	zip, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return true
	}
	plain, err := io.ReadAll(io.LimitReader(zip, maxState+1))
	if err != nil || len(plain) > maxState {
		return true
	}
	_ = json.Unmarshal(plain, state)
	return true
}

// frame puts the hidden lines before a text. Markdown begins after an empty line.
func frame(marker, state, text string) string { return marker + "\n" + state + "\n\n" + text }

// frameSize is what frame adds to a text, in bytes.
func frameSize(marker, state string) int { return len(marker) + len(state) + 3 }
