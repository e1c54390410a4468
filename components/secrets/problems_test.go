package secrets_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/components/secrets"
)

func TestProblemsNameTheirPathAndRule(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(*secrets.Settings)
		path   string
		text   string
	}{
		{"a version that moves", func(s *secrets.Settings) { s.ChartVersion = "3.x" }, "chartVersion", `got "3.x"`},
		{"a chart without the driver", func(s *secrets.Settings) { s.ChartVersion = "1.0.1" }, "chartVersion", "at least 2.0.0"},
		{"an interval without a unit", func(s *secrets.Settings) { s.Rotation.Interval = "60" }, "rotation.interval", "required pattern"},
		{"an interval that kubelet cannot keep", func(s *secrets.Settings) { s.Rotation.Interval = "10s" }, "rotation.interval", "1m to 24h"},
		{"an interval of days", func(s *secrets.Settings) { s.Rotation.Interval = "25h" }, "rotation.interval", "1m to 24h"},
		{"no CPU", func(s *secrets.Settings) { s.Provider.CPU = "0" }, "provider.cpu", "more than zero"},
		{"memory that is none", func(s *secrets.Settings) { s.Driver.MemoryLimit = "200 MB" }, "driver.memoryLimit", "must be a quantity"},
		{"a limit below the request", func(s *secrets.Settings) { s.Driver.Memory = "1Gi" }, "driver.memoryLimit", "not be less than memory (1Gi), got 200Mi"},
		{"a CPU limit below the request", func(s *secrets.Settings) { s.Provider.CPULimit = "10m" }, "provider.cpuLimit", "not be less than cpu (50m), got 10m"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s, problems := read(t, `{"chartVersion": "3.1.1", "rotation": {}}`)
			require.Empty(t, problems)
			require.Empty(t, (&secrets.Args{Settings: s}).Problems())
			tc.change(&s)
			got := (&secrets.Args{Settings: s}).Problems()
			require.Len(t, got, 1, "%v", got)
			assert.Equal(t, tc.path, got[0].Path)
			assert.Contains(t, got[0].Message, tc.text)
		})
	}
}

func TestDefaultsAreWhatTheSettingsSay(t *testing.T) {
	t.Parallel()
	standard := secrets.Resources{CPU: "50m", CPULimit: "200m", Memory: "100Mi", MemoryLimit: "200Mi"}
	s, problems := read(t, `{"chartVersion": "3.1.1"}`)
	assert.Empty(t, problems)
	assert.Equal(t, secrets.Settings{ChartVersion: "3.1.1", Provider: standard, Driver: standard}, s)
	s, problems = read(t, `{"chartVersion": "3.1.1", "rotation": {}}`)
	assert.Empty(t, problems)
	assert.Equal(t, &secrets.Rotation{Interval: "1h"}, s.Rotation)
}

func TestTheSchemaRefusesWhatASettingCannotBe(t *testing.T) {
	t.Parallel()
	_, problems := read(t, `{"rotation": {"interval": "soon"}, "syncSecret": true}`)
	var paths []string
	for _, p := range problems {
		paths = append(paths, p.Path)
	}
	assert.ElementsMatch(t, []string{"chartVersion", "rotation.interval", "syncSecret"}, paths)
}
