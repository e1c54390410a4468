package logging_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/components/logging"
	"github.com/eks-platform/eks-platform/internal/ptest"
)

func TestProblemsNameTheirPathAndRule(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(*logging.Args)
		path   string
		text   string
	}{
		{"a period that CloudWatch does not have", func(a *logging.Args) { a.RetentionDays = 31 }, "retentionDays", "must be one of 1, 3, 5"},
		{"Fluent Bit in a stack that joins", func(a *logging.Args) { a.Owner = false }, "fluentBit", "only the stack that owns the cluster"},
		{"an image without a version", func(a *logging.Args) { a.FluentBit.Image = "public.ecr.aws/aws-observability/aws-for-fluent-bit" }, "fluentBit.image", "no version"},
		{"an image that moves by itself", func(a *logging.Args) { a.FluentBit.Image = "public.ecr.aws/x/y:latest" }, "fluentBit.image", "latest"},
		{"no image", func(a *logging.Args) { a.FluentBit.Image = "" }, "fluentBit.image", "is required"},
		{"too small a buffer", func(a *logging.Args) { a.FluentBit.BufferMB = 49 }, "fluentBit.bufferMB", "at least 50, got 49"},
		{"too large a buffer", func(a *logging.Args) { a.FluentBit.BufferMB = 20001 }, "fluentBit.bufferMB", "at most 20000, got 20001"},
		{"a language without a parser", func(a *logging.Args) { a.FluentBit.Multiline = []logging.Language{"java", "cobol"} }, "fluentBit.multiline[1]", `got "cobol"`},
		{"a language twice", func(a *logging.Args) { a.FluentBit.Multiline = []logging.Language{"java", "go", "java"} }, "fluentBit.multiline[2]", "same as item 1"},
		{"a namespace that cannot be", func(a *logging.Args) { a.FluentBit.ExcludeNamespaces = []string{"team_a"} }, "fluentBit.excludeNamespaces[0]", "must be a namespace name"},
		{"a pattern instead of a namespace", func(a *logging.Args) { a.FluentBit.ExcludeNamespaces = []string{"team-*"} }, "fluentBit.excludeNamespaces[0]", "must be a namespace name"},
		{"a namespace twice", func(a *logging.Args) { a.FluentBit.ExcludeNamespaces = []string{"a", "a"} }, "fluentBit.excludeNamespaces[1]", "same as item 1"},
		{"a level that does not exist", func(a *logging.Args) { a.FluentBit.LogLevel = "verbose" }, "fluentBit.logLevel", `got "verbose"`},
		{"a CPU that cannot be parsed", func(a *logging.Args) { a.FluentBit.Resources.CPU = "half" }, "fluentBit.resources.cpu", `got "half"`},
		{"no CPU", func(a *logging.Args) { a.FluentBit.Resources.CPU = "0" }, "fluentBit.resources.cpu", `got "0"`},
		{"a memory that cannot be parsed", func(a *logging.Args) { a.FluentBit.Resources.Memory = "128MB" }, "fluentBit.resources.memory", `got "128MB"`},
		{"less memory than the buffers take", func(a *logging.Args) { a.FluentBit.Resources.MemoryLimit = "250Mi" }, "fluentBit.resources.memoryLimit", "at least 416Mi"},
		{"a request above the limit", func(a *logging.Args) { a.FluentBit.Resources.Memory = "1Gi" }, "fluentBit.resources.memory", "must not exceed memoryLimit (416Mi)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			args := owner(t)
			require.Empty(t, args.Problems())
			tc.change(args)
			got := args.Problems()
			require.Len(t, got, 1, "%v", got)
			assert.Equal(t, tc.path, got[0].Path)
			assert.Contains(t, got[0].Message, tc.text)
		})
	}
}

func TestSettingsMayBeLeftOutInGo(t *testing.T) {
	t.Parallel()
	args := &logging.Args{Settings: logging.Settings{FluentBit: &logging.FluentBit{Image: pin}}, Owner: true}
	assert.Empty(t, args.Problems())
	assert.Zero(t, args.FluentBit.BufferMB, "the caller's settings must stay as they are")
}

func TestTheSchemaRefusesWhatASettingCannotBe(t *testing.T) {
	t.Parallel()
	_, problems := read(t, `{"retentionDays": 31, "retention": 30, "fluentBit": {"bufferMB": 1, "logLevel": "loud", "multiline": ["perl"]}}`)
	var paths []string
	for _, p := range problems {
		paths = append(paths, p.Path)
	}
	assert.ElementsMatch(t, []string{
		"retentionDays", "retention", "fluentBit.image", "fluentBit.bufferMB", "fluentBit.logLevel", "fluentBit.multiline[0]",
	}, paths)
}

func TestTheSchemasDefaultsAreThoseOfGo(t *testing.T) {
	t.Parallel()
	spelled, problems := read(t, `{"fluentBit": {"image": "`+pin+`"}}`)
	require.Empty(t, problems)
	fromFile, fromGo := owner(t), owner(t)
	fromFile.Settings = spelled
	fromGo.Settings = logging.Settings{FluentBit: &logging.FluentBit{Image: pin}}
	a, b := run(t, true, fromFile), run(t, true, fromGo)
	require.Len(t, a, len(b))
	for i := range a {
		assert.Equal(t, a[i].Inputs, b[i].Inputs, a[i].URN)
	}
}

func TestNothingIsRegisteredWhenArgumentsAreWrong(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*logging.Args){
		"a problem":                func(a *logging.Args) { a.RetentionDays = 2 },
		"no environment":           func(a *logging.Args) { a.Environment = "" },
		"no cluster":               func(a *logging.Args) { a.ClusterName = "" },
		"no region":                func(a *logging.Args) { a.Region = "" },
		"no account":               func(a *logging.Args) { a.AccountID = "" },
		"no output of the cluster": func(a *logging.Args) { a.ClusterNameOutput = nil },
	} {
		args := owner(t)
		args.ClusterNameOutput = pulumi.String("nonprod")
		change(args)
		regs, err := ptest.Run(t, true, func(ctx *pulumi.Context) error {
			_, err := logging.New(ctx, "dev", args)
			return err
		})
		require.Error(t, err, name)
		assert.Contains(t, err.Error(), `logging "dev": `, name)
		assert.Empty(t, regs, name)
	}
}
