package conformance_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// startGenuine runs the published component provider until the test ends and returns its address.
func startGenuine(t *testing.T) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("node is not on PATH: the stand-in for pulumi-eks cannot be held against the published component")
		}
		t.Skip("node is not on PATH: the stand-in for pulumi-eks is not held against the published component")
	}
	index := filepath.Join(install(t), "node_modules", "@pulumi", "eks", "cmd", "provider", "index.js")
	// The engine's real address comes with its Attach; the command line needs one nevertheless.
	cmd := exec.Command(node, index, "127.0.0.1:1")
	cmd.Stderr = &lines{t: t, prefix: "pulumi-eks: "}
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	port := make(chan string, 1)
	go func() {
		defer close(port)
		if s := bufio.NewScanner(out); s.Scan() {
			port <- strings.TrimSpace(s.Text())
		}
	}()
	select {
	case p, ok := <-port:
		require.True(t, ok, "the published component ended before it told its port")
		return "127.0.0.1:" + p
	case <-time.After(5 * time.Minute):
		t.Fatal("the published component did not tell its port within five minutes")
		return ""
	}
}

// install returns a directory with the pinned npm packages, installed once per lock file.
func install(t *testing.T) string {
	t.Helper()
	manifest, err := os.ReadFile(filepath.Join("genuine", "package.json"))
	require.NoError(t, err)
	lock, err := os.ReadFile(filepath.Join("genuine", "package-lock.json"))
	require.NoError(t, err)
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	sum := sha256.Sum256(lock)
	root := filepath.Join(cache, "eks-platform", "conformance")
	dir := filepath.Join(root, hex.EncodeToString(sum[:8]))
	if _, err := os.Stat(dir); err == nil {
		return dir
	}

	require.NoError(t, os.MkdirAll(root, 0o755))
	fresh, err := os.MkdirTemp(root, "installing-")
	require.NoError(t, err)
	defer func() { _ = os.RemoveAll(fresh) }()
	require.NoError(t, os.WriteFile(filepath.Join(fresh, "package.json"), manifest, 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(fresh, "package-lock.json"), lock, 0o644))
	t.Log("installing the published component with npm; this happens once")
	npm := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	npm.Dir = fresh
	output, err := npm.CombinedOutput()
	require.NoError(t, err, "npm ci: %s", output)
	// Another process may have finished first; then its installation is as good.
	if err := os.Rename(fresh, dir); err != nil {
		_, statErr := os.Stat(dir)
		require.NoError(t, statErr, fmt.Sprintf("keep the installation: %v", err))
	}
	return dir
}

// lines logs what a process writes, so that it is seen when a test fails.
type lines struct {
	t      *testing.T
	prefix string
}

func (l *lines) Write(p []byte) (int, error) {
	l.t.Log(l.prefix + strings.TrimRight(string(p), "\n"))
	return len(p), nil
}
