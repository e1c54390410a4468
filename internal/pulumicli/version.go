package pulumicli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3"
)

// Minimum is the oldest CLI that is used. From 3.231 on no preview of any kind takes the state's lock (refresh
// previews since 3.229, destroy previews since 3.231), so that a pull request never stands in a deployment's way.
// Engine events have come by gRPC since 3.206, and destroy and refresh have known programs of another process since
// 3.181.
var Minimum = semver.MustParse("3.231.0")

// Pinned is the version that is built when none is installed: that of the SDK, which tools/go.mod pins too.
func Pinned() semver.Version { return sdk.Version }

// parseVersion reads what "pulumi version" prints: v3.250.0, or v3.250.0-dev.1 for a development build.
func parseVersion(text string) (semver.Version, error) {
	text = strings.TrimSpace(text)
	v, err := semver.ParseTolerant(text)
	if err != nil {
		return semver.Version{}, fmt.Errorf("%q is not a version: %w", text, err)
	}
	return v, nil
}

// usable tells why a version cannot be used, or returns nil.
func usable(v semver.Version) error {
	switch {
	case v.Major != Minimum.Major:
		return fmt.Errorf("is version %s and the platform needs version %d", v, Minimum.Major)
	case v.LT(Minimum):
		return fmt.Errorf("is version %s and the platform needs %s or newer", v, Minimum)
	}
	return nil
}

// versionOf asks a CLI for its version.
func versionOf(ctx context.Context, path string) (semver.Version, error) {
	cmd := exec.CommandContext(ctx, path, "version")
	cmd.Env = append(os.Environ(), "PULUMI_SKIP_UPDATE_CHECK=true")
	out, err := cmd.Output()
	if err != nil {
		return semver.Version{}, fmt.Errorf("ask for its version: %w", err)
	}
	return parseVersion(string(out))
}
