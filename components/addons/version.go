package addons

import (
	"strconv"

	"github.com/Masterminds/semver/v3"
)

// minor returns 1.35 of v1.35.3-eksbuild.29.
func minor(v *semver.Version) string {
	return strconv.FormatUint(v.Major(), 10) + "." + strconv.FormatUint(v.Minor(), 10)
}
