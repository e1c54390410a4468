package cluster

import (
	"slices"
	"strings"
)

// Version is a Kubernetes minor version on EKS.
type Version struct {
	// Minor is the version, for example "1.35".
	Minor string
	// StandardUntil and ExtendedUntil are the days, YYYY-MM-DD, on which standard and extended support end.
	StandardUntil, ExtendedUntil string
	// ExtendedOnly says that standard support has ended: EKS keeps the version only for supportType EXTENDED.
	ExtendedOnly bool
}

// versions are what the platform was built for, oldest first. ExtendedOnly is written down, not worked out from
// today's date: what a stack file means does not change overnight
// (https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html; extended support lasts twelve months).
var versions = []Version{
	{Minor: "1.33", StandardUntil: "2026-07-29", ExtendedUntil: "2027-07-29", ExtendedOnly: true},
	{Minor: "1.34", StandardUntil: "2026-12-02", ExtendedUntil: "2027-12-02"},
	{Minor: "1.35", StandardUntil: "2027-03-27", ExtendedUntil: "2028-03-27"},
	{Minor: "1.36", StandardUntil: "2027-08-02", ExtendedUntil: "2028-08-02"},
}

// Versions returns the Kubernetes versions that a stack file may name, oldest first.
func Versions() []Version { return slices.Clone(versions) }

func versionOf(minor string) (Version, bool) {
	i := slices.IndexFunc(versions, func(v Version) bool { return v.Minor == minor })
	if i < 0 {
		return Version{}, false
	}
	return versions[i], true
}

// standardVersions lists the versions in standard support, for messages.
func standardVersions() string {
	var names []string
	for _, v := range versions {
		if !v.ExtendedOnly {
			names = append(names, v.Minor)
		}
	}
	return strings.Join(names, ", ")
}
