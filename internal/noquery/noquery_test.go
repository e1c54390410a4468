package noquery_test

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	_ "github.com/eks-platform/eks-platform/internal/noquery"
)

const telling = "NOQUERY_TEST_TELLS"

func TestMain(m *testing.M) {
	if os.Getenv(telling) != "" {
		value, set := os.LookupEnv("CI")
		fmt.Printf("%q %v", value, set)
		return
	}
	os.Exit(m.Run())
}

func TestTheEnvironmentIsAsBefore(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	without := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "CI=") })
	for _, c := range []struct {
		env  []string
		want string
	}{{nil, `"" false`}, {[]string{"CI="}, `"" true`}, {[]string{"CI=woodpecker"}, `"woodpecker" true`}} {
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Env = append(append(slices.Clone(without), telling+"=1"), c.env...)
		out, err := cmd.Output()
		require.NoError(t, err)
		assert.Equal(t, c.want, string(out))
	}
}
