//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// asCommand makes the test binary be the command.
const asCommand = "PLATFORM_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

// onTerminal runs the command as a process with a terminal of its own, which answers nothing, and returns what the terminal got.
func onTerminal(t *testing.T, args ...string) string {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	screen, tty, err := pty.Open()
	require.NoError(t, err)
	defer screen.Close()
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Stdout, cmd.Stderr = tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 1}
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "CI=") || strings.HasPrefix(v, "TERM=") || strings.HasPrefix(v, "COLORTERM=")
	}), asCommand+"=1", "TERM=xterm-256color")
	require.NoError(t, cmd.Start())
	require.NoError(t, tty.Close())
	var out bytes.Buffer
	// A terminal that the last process has closed is a read error.
	if _, err := io.Copy(&out, screen); err != nil && !errors.Is(err, syscall.EIO) && !errors.Is(err, fs.ErrClosed) {
		require.NoError(t, err)
	}
	require.NoError(t, cmd.Wait(), "%s", out.String())
	return out.String()
}

func TestNothingQueriesTheTerminal(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--help"}, {"schema"}, {"validate", "-p", "../.."}, {"plan-network", "dev", "-p", "../.."}} {
		assert.NotContains(t, onTerminal(t, args...), "\x1b]", args)
	}
	assert.True(t, json.Valid([]byte(onTerminal(t, "placement", "dev", "--json", "-p", "../.."))), "a terminal gets one JSON document, too")
}
