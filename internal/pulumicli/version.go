package pulumicli

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3"
)

// Minimum is the oldest CLI that is used. From 3.231 on no preview of any kind takes the state's lock (refresh
// previews since 3.229, destroy previews since 3.231), so that a pull request never blocks a deployment. Engine events use
// gRPC since 3.206, and destroy and refresh support programs in another process since 3.181.
var Minimum = semver.MustParse("3.231.0")

// Pinned is the version that is installed if there is none: the SDK's, which tools/go.mod also pins.
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

// usable returns why a version cannot be used, or nil.
func usable(v semver.Version) error {
	switch {
	case v.Major != Minimum.Major:
		return fmt.Errorf("is version %s, and the platform needs version %d", v, Minimum.Major)
	case v.LT(Minimum):
		return fmt.Errorf("is version %s, and the platform needs %s or newer", v, Minimum)
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

// remembered is the file size from which a CLI's version is cached: a small file is a script, such as a version manager's,
// that may run different versions.
const remembered = 1 << 20

// version is versionOf with a cache that is valid while the file stays the same: asking takes a process of a hundred
// megabytes.
func (o Options) version(ctx context.Context, path string) (semver.Version, error) {
	dir, err := o.cacheDir()
	info, statErr := os.Stat(path)
	if err != nil || statErr != nil || info.Size() < remembered {
		return versionOf(ctx, path)
	}
	if path, err = filepath.EvalSymlinks(path); err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return semver.Version{}, fmt.Errorf("locate the Pulumi CLI: %w", err)
	}
	key := fmt.Sprintf("%s %d %d", path, info.Size(), info.ModTime().UnixNano())
	note := filepath.Join(dir, "versions", fmt.Sprintf("%x", sha256.Sum256([]byte(key))))
	if raw, err := os.ReadFile(note); err == nil {
		if v, err := parseVersion(string(raw)); err == nil {
			return v, nil
		}
	}
	v, err := versionOf(ctx, path)
	if err != nil {
		return v, err
	}
	// If it cannot be cached, it is asked again the next time.
	if os.MkdirAll(filepath.Dir(note), 0o755) == nil && os.WriteFile(note+".partial", []byte(v.String()), 0o644) == nil {
		_ = os.Rename(note+".partial", note)
	}
	return v, nil
}
