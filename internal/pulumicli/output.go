package pulumicli

import (
	"fmt"
	"io"
	"os"
)

// output collects what the CLI writes, in a file rather than a pipe: a pipe breaks if this process is killed, and the CLI
// would die at its next write. Writing to a file, an orphaned engine finishes its operations, saves the state and releases
// the lock.
type output struct{ file *os.File }

func newOutput() (*output, error) {
	f, err := os.CreateTemp("", "pulumi-output-")
	if err != nil {
		return nil, fmt.Errorf("create a file for the output of the Pulumi CLI: %w", err)
	}
	_ = os.Remove(f.Name()) // its name is not needed; if an open file cannot be removed, discard does it
	return &output{f}, nil
}

// text returns what was written, and passes it on.
func (o *output) text(to []io.Writer) (string, error) {
	if _, err := o.file.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("read the output of the Pulumi CLI: %w", err)
	}
	raw, err := io.ReadAll(o.file)
	if err != nil {
		return "", fmt.Errorf("read the output of the Pulumi CLI: %w", err)
	}
	for _, w := range to {
		if _, err := w.Write(raw); err != nil {
			return "", fmt.Errorf("pass on the output of the Pulumi CLI: %w", err)
		}
	}
	return string(raw), nil
}

func (o *output) discard() {
	_ = o.file.Close()
	_ = os.Remove(o.file.Name())
}
