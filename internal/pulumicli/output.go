package pulumicli

import (
	"fmt"
	"io"
	"os"
)

// output collects what the CLI writes, in a file and not in a pipe: a pipe breaks when this process is killed, and the
// CLI's next word would then be its last. Writing to a file, an engine that is left alone finishes what it has begun,
// saves the state and lets go of the lock.
type output struct{ file *os.File }

func newOutput() (*output, error) {
	f, err := os.CreateTemp("", "pulumi-output-")
	if err != nil {
		return nil, fmt.Errorf("make a file for what the Pulumi CLI says: %w", err)
	}
	_ = os.Remove(f.Name()) // nobody else needs its name; where an open file cannot be removed, discard does it
	return &output{f}, nil
}

// text returns what was written, and passes it on.
func (o *output) text(to []io.Writer) (string, error) {
	if _, err := o.file.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("read what the Pulumi CLI said: %w", err)
	}
	raw, err := io.ReadAll(o.file)
	if err != nil {
		return "", fmt.Errorf("read what the Pulumi CLI said: %w", err)
	}
	for _, w := range to {
		if _, err := w.Write(raw); err != nil {
			return "", fmt.Errorf("pass on what the Pulumi CLI said: %w", err)
		}
	}
	return string(raw), nil
}

func (o *output) discard() {
	_ = o.file.Close()
	_ = os.Remove(o.file.Name())
}
