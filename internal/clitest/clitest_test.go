//go:build unix

package clitest

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/eks-platform/eks-platform/internal/pulumicli"
)

func TestABuildThatTakesTooLongSaysWhatToDo(t *testing.T) {
	bin := t.TempDir()
	assert.NoError(t, os.WriteFile(filepath.Join(bin, "go"), []byte("#!/bin/sh\nexec sleep 600\n"), 0o755))
	t.Setenv("PATH", bin+":/usr/bin:/bin")
	started := time.Now()
	_, err := find(context.Background(), started.Add(2*time.Second), pulumicli.Options{CacheDir: t.TempDir()})
	assert.ErrorContains(t, err, "go test -timeout 30m")
	assert.Less(t, time.Since(started), 2*time.Minute)
}

func TestTheCLIIsFoundHoweverLittleTimeThereIs(t *testing.T) {
	bin := t.TempDir()
	script := "#!/bin/sh\necho v" + pulumicli.Pinned().String() + "\n"
	assert.NoError(t, os.WriteFile(filepath.Join(bin, "pulumi"), []byte(script), 0o755))
	t.Setenv("PATH", bin+":/usr/bin:/bin")
	command, err := find(context.Background(), time.Now().Add(2*time.Minute), pulumicli.Options{})
	assert.NoError(t, err)
	assert.Equal(t, pulumicli.Pinned(), command.Version())
}
