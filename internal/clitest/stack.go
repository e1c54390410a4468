package clitest

import (
	"context"
	"io"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/datakey"
)

// withoutOutputs is a CLI that answers the SDK's two queries for all outputs after every update.
type withoutOutputs struct{ auto.PulumiCommand }

// Run runs one CLI command.
func (c withoutOutputs) Run(ctx context.Context, workDir string, stdin io.Reader, stdout, stderr []io.Writer, env []string, args ...string) (string, string, int, error) {
	if len(args) > 1 && args[0] == "stack" && args[1] == "output" {
		return "{}", "", 0, nil
	}
	return c.PulumiCommand.Run(ctx, workDir, stdin, stdout, stderr, env, args...)
}

// NewStack makes a stack of an inline program, for a test that works with the engine by itself. Its state and the CLI's home
// lie in directories of the test. It is made for speed: a key that is not derived in every run, a state that is written when
// an operation ends, no log of debugging, results without outputs. The environment tells the engine where its providers listen.
func NewStack(t *testing.T, name, project string, program pulumi.RunFunc, env map[string]string) auto.Stack {
	t.Helper()
	cli := Find(t)
	secrets, err := datakey.Serve(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(secrets.Close)
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, "logs"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{
		"PULUMI_BACKEND_URL": "file://" + filepath.ToSlash(t.TempDir()), "PULUMI_CONFIG_PASSPHRASE": "test",
		"PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
		"PULUMI_SKIP_CHECKPOINTS": "true", "GOGC": "400",
	}
	maps.Copy(all, secrets.Env())
	maps.Copy(all, env)
	s, err := auto.NewStackInlineSource(t.Context(), name, project, program, auto.Pulumi(withoutOutputs{cli}), auto.PulumiHome(home),
		auto.WorkDir(t.TempDir()), auto.EnvVars(all), auto.Stacks(map[string]workspace.ProjectStack{
			name: {SecretsProvider: datakey.Provider, EncryptedKey: datakey.EncryptedKey},
		}))
	if err != nil {
		t.Fatal(err)
	}
	return s
}
