package kubernetes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blang/semver"

	"github.com/eks-platform/eks-platform/internal/facts"
)

// definitionsOf returns custom kinds as definitions; their structure is not known.
func definitionsOf(kinds []facts.CustomKind) []definition {
	out := make([]definition, 0, len(kinds))
	for _, k := range kinds {
		group, version, _ := strings.Cut(k.APIVersion, "/")
		out = append(out, definition{group: group, kind: k.Kind, versions: []string{version}, clusterWide: k.ClusterWide})
	}
	return out
}

// chartOf returns what is known of a release's chart.
func chartOf(chart string) (facts.Chart, bool) {
	c, ok := facts.Charts()[chart[strings.LastIndex(chart, "/")+1:]]
	return c, ok
}

// switchedOff reports whether a release's values leave out the chart's definitions.
func switchedOff(c facts.Chart, values map[string]any) bool {
	if c.CRDsValue == "" {
		return false
	}
	var v any = values
	for _, key := range strings.Split(c.CRDsValue, ".") {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	return v == false
}

// resolveChart finds a release's chart in its repository and returns the version that its constraint picks. A chart
// that the rehearsal cloud does not know is taken at its word, if the word is an exact version.
func resolveChart(r *release) (string, error) {
	if r.Chart == "" {
		return "", fmt.Errorf("no chart name found")
	}
	isOCI := strings.HasPrefix(r.Chart, "oci://")
	if isOCI && r.RepositoryOpts.Repo != "" {
		return "", fmt.Errorf("repositoryOpts.repo must not be set for the OCI chart %s", r.Chart)
	}
	exact, exactErr := semver.Parse(strings.TrimPrefix(r.Version, "v"))
	allows := func(semver.Version) bool { return true }
	if r.Version != "" && exactErr != nil {
		var err error
		if allows, err = constraint(r.Version); err != nil {
			return "", err
		}
	}
	repo := strings.TrimSuffix(r.RepositoryOpts.Repo, "/")
	var known *facts.Chart
	knownName, sameRepository := "", false
	for name, c := range facts.Charts() {
		home := strings.TrimSuffix(c.Repository, "/")
		sameRepository = sameRepository || repo != "" && home == repo
		if isOCI && home == strings.TrimSuffix(r.Chart, "/") || !isOCI && name == r.Chart && home == repo {
			known, knownName = &c, name
		}
	}
	switch {
	case known == nil && exactErr == nil:
		return r.Version, nil
	case known == nil && sameRepository:
		return "", fmt.Errorf("the rehearsal cloud knows no chart %q in %s; pin an exact version to have it taken as given", r.Chart, repo)
	case known == nil:
		return "", fmt.Errorf("the rehearsal cloud does not know which versions of chart %q there are; pin an exact one", r.Chart)
	case exactErr == nil:
		if latest := latestVersion(known); exact.Major > latest.Major {
			return "", fmt.Errorf("chart %q version %q not found in %s; the newest known is %s", knownName, r.Version, known.Repository, latest)
		}
		return r.Version, nil
	}
	var found []semver.Version
	for v := range known.Versions {
		if parsed := semver.MustParse(v); allows(parsed) {
			found = append(found, parsed)
		}
	}
	if len(found) == 0 {
		return "", fmt.Errorf("chart %q matching %s not found in %s", knownName, r.Version, known.Repository)
	}
	return slices.MaxFunc(found, semver.Version.Compare).String(), nil
}

// latestVersion returns the newest known version of a chart.
func latestVersion(c *facts.Chart) semver.Version {
	var out semver.Version
	for v := range c.Versions {
		if parsed := semver.MustParse(v); parsed.GT(out) {
			out = parsed
		}
	}
	return out
}
