package podcleanup_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/components/podcleanup"
)

func TestProblemsNameTheirPathAndRule(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(*podcleanup.Args)
		path   string
		text   string
	}{
		{"no image", func(a *podcleanup.Args) { a.Image = "" }, "image", "is required"},
		{"an image without a registry", func(a *podcleanup.Args) { a.Image = "kubectl:v1.35.7" }, "image", "names no registry"},
		{"an image that moves", func(a *podcleanup.Args) { a.Image = "registry.k8s.io/kubectl:latest" }, "image", "moves by itself"},
		{"a kubectl too old", func(a *podcleanup.Args) { a.ClusterVersion = "1.37" }, "image", "one minor away from the cluster's Kubernetes (1.37), got v1.35.7"},
		{"a kubectl too new", func(a *podcleanup.Args) { a.ClusterVersion = "1.33" }, "image", "one minor away"},
		{"a day that never comes", func(a *podcleanup.Args) { a.Schedule = "0 0 31 2 *" }, "schedule", "there is no such day"},
		{"a schedule of four fields", func(a *podcleanup.Args) { a.Schedule = "0 * * *" }, "schedule", "must be a cron expression"},
		{"a minute that does not exist", func(a *podcleanup.Args) { a.Schedule = "60 * * * *" }, "schedule", "must be a cron expression"},
		{"a time zone in the schedule", func(a *podcleanup.Args) { a.Schedule = "TZ=Europe/Berlin 0 * * * *" }, "schedule", "set timeZone instead"},
		{"the time zone of whoever runs it", func(a *podcleanup.Args) { a.TimeZone = "local" }, "timeZone", "must be an IANA time zone"},
		{"a time zone that does not exist", func(a *podcleanup.Args) { a.TimeZone = "Europe/Bonn" }, "timeZone", "must be an IANA time zone"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			args := arguments(t)
			require.Empty(t, args.Problems())
			tc.change(args)
			got := args.Problems()
			require.Len(t, got, 1, "%v", got)
			assert.Equal(t, tc.path, got[0].Path)
			assert.Contains(t, got[0].Message, tc.text)
		})
	}
}

func TestWhatTheAPIServerTakesIsTaken(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*podcleanup.Args){
		func(a *podcleanup.Args) { a.Schedule = "@hourly" },
		func(a *podcleanup.Args) { a.ClusterVersion = "1.34" },
		func(a *podcleanup.Args) { a.ClusterVersion = "1.36" },
		func(a *podcleanup.Args) { a.ClusterVersion = "" },
		func(a *podcleanup.Args) { a.Image = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/kubectl:2026-11" },
	} {
		args := arguments(t)
		change(args)
		assert.Empty(t, args.Problems())
	}
}

func TestTheSchemaWantsAnImageAndRefusesUnknownKeys(t *testing.T) {
	t.Parallel()
	s, problems := read(t, `{"shedule": "@hourly"}`)
	var paths []string
	for _, p := range problems {
		paths = append(paths, p.Path)
	}
	assert.ElementsMatch(t, []string{"image", "shedule"}, paths)
	assert.Equal(t, podcleanup.Settings{Schedule: "17 * * * *", TimeZone: "Etc/UTC"}, s)
}
