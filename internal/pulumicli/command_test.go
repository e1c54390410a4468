//go:build unix

package pulumicli

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func command(t *testing.T, body string) *Command {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pulumi")
	script(t, path, body)
	c, err := newCommand(path, Minimum)
	require.NoError(t, err)
	return c
}

// started waits for a script to say that its trap is in place.
func started(t *testing.T, marker string) {
	t.Helper()
	require.Eventually(t, func() bool { _, err := os.Stat(marker); return err == nil }, time.Minute, 10*time.Millisecond)
}

func TestAnEndedContextInterruptsOnceAndWaitsForTheCLIToFinish(t *testing.T) {
	t.Parallel()
	marker := filepath.Join(t.TempDir(), "started")
	c := command(t, `trap 'n=$((n+1))' INT
touch `+marker+`
i=0; while [ $i -lt 10 ]; do sleep 0.1; i=$((i+1)); done
echo "interrupts: $n"; exit 7`)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { started(t, marker); cancel() }()
	out, _, code, err := c.Run(ctx, t.TempDir(), nil, nil, nil, nil, "up")
	assert.Error(t, err)
	assert.Equal(t, 7, code, "the CLI must end by itself")
	assert.Equal(t, "interrupts: 1\n", out)
}

// A platform that is killed takes its engine with it when that writes into a broken pipe: in the middle of saving the
// state, and with the stack's lock held.
func TestACLIOutlivesItsCallerAndFinishes(t *testing.T) {
	marker := filepath.Join(t.TempDir(), "marker")
	if at := os.Getenv("TEST_RUNS_A_CLI_AT"); at != "" {
		c := command(t, "touch "+at+"; sleep 2; echo out; echo err >&2; sleep 0.1; touch "+at+".finished")
		_, _, _, _ = c.Run(context.Background(), t.TempDir(), nil, nil, nil, nil, "up")
		return
	}
	t.Parallel()
	caller := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	caller.Env = append(os.Environ(), "TEST_RUNS_A_CLI_AT="+marker)
	require.NoError(t, caller.Start())
	started(t, marker)
	require.NoError(t, caller.Process.Kill())
	_ = caller.Wait()
	require.NoFileExists(t, marker+".finished", "the caller must be gone before the CLI has finished")
	started(t, marker+".finished")
}

func TestACLIThatDoesNotStopIsKilledAfterTheGrace(t *testing.T) {
	t.Parallel()
	marker := filepath.Join(t.TempDir(), "started")
	c := command(t, "trap '' INT\ntouch "+marker+"\nexec sleep 300")
	c.Grace = 200 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	go func() { started(t, marker); cancel() }()
	begin := time.Now()
	_, _, _, err := c.Run(ctx, t.TempDir(), nil, nil, nil, nil, "up")
	assert.Error(t, err)
	assert.Less(t, time.Since(begin), 2*time.Minute)
}

func TestTheCLIHasAProcessGroupOfItsOwn(t *testing.T) {
	t.Parallel()
	c := command(t, "ps -o pgid= -p $$ 2>/dev/null || cut -d' ' -f5 /proc/$$/stat")
	out, _, _, err := c.Run(context.Background(), t.TempDir(), nil, nil, nil, nil)
	require.NoError(t, err)
	assert.NotEmpty(t, strings.TrimSpace(out))
	own, err := syscall.Getpgid(os.Getpid())
	require.NoError(t, err)
	assert.NotEqual(t, strconv.Itoa(own), strings.TrimSpace(out))
}

func TestACleanEnvironmentKeepsCredentialsAndSettingsOut(t *testing.T) {
	t.Setenv("AWS_SECRET_ACCESS_KEY", "hush")
	t.Setenv("PULUMI_ACCESS_TOKEN", "hush")
	t.Setenv("PULUMI_BACKEND_URL", "s3://real")
	c := command(t, "env")
	c.Clean = true
	out, _, _, err := c.Run(context.Background(), t.TempDir(), nil, nil, nil, []string{"PULUMI_BACKEND_URL=file:///r"})
	require.NoError(t, err)
	assert.NotContains(t, out, "hush")
	assert.NotContains(t, out, "s3://real")
	assert.Contains(t, out, "PULUMI_BACKEND_URL=file:///r")
	assert.Contains(t, out, "PATH="+filepath.Dir(c.Path)+":")
}

func TestEveryCommandIsNonInteractiveOnce(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"--non-interactive", "up"}, nonInteractive([]string{"up"}))
	assert.Equal(t, []string{"up", "--non-interactive"}, nonInteractive([]string{"up", "--non-interactive"}))
	assert.Equal(t, []string{"--non-interactive", "import", "--", "--non-interactive"},
		nonInteractive([]string{"import", "--", "--non-interactive"}))
}
