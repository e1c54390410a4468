package pulumicli

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVersionsAreReadAsTheCLIPrintsThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want, wantErr string }{
		{text: "v3.250.0\n", want: "3.250.0"},
		{text: "3.231.0", want: "3.231.0"},
		{text: "v3.251.0-alpha.x1b2c3d\n", want: "3.251.0-alpha.x1b2c3d"},
		{text: "", wantErr: "is not a version"},
		{text: "command not found", wantErr: "is not a version"},
	} {
		v, err := parseVersion(c.text)
		if c.wantErr != "" {
			assert.ErrorContains(t, err, c.wantErr, c.text)
			continue
		}
		require.NoError(t, err, c.text)
		assert.Equal(t, c.want, v.String())
	}
}

func TestVersionsThatAreTooOldOrOfAnotherMajorAreRefused(t *testing.T) {
	t.Parallel()
	for text, wantErr := range map[string]string{
		"v3.231.0":         "",
		"v3.250.0":         "",
		"v3.999.0":         "",
		"v3.230.9":         "needs 3.231.0 or newer",
		"v3.231.0-alpha.1": "needs 3.231.0 or newer",
		"v2.25.2":          "needs version 3",
		"v4.0.0":           "needs version 3",
	} {
		v, err := parseVersion(text)
		require.NoError(t, err)
		if err := usable(v); wantErr == "" {
			assert.NoError(t, err, text)
		} else {
			assert.ErrorContains(t, err, wantErr, text)
		}
	}
}

func TestTheVersionThatIsBuiltIsTheOneThatToolsPins(t *testing.T) {
	t.Parallel()
	mod, err := os.ReadFile("../../tools/go.mod")
	require.NoError(t, err)
	pin := regexp.MustCompile(`github\.com/pulumi/pulumi/pkg/v3 v(\S+)`).FindSubmatch(mod)
	require.NotNil(t, pin, "tools/go.mod does not require the CLI")
	assert.Equal(t, string(pin[1]), Pinned().String(), "the SDK in go.mod and the CLI in tools/go.mod must be of one release")
	assert.NoError(t, usable(Pinned()))
}
