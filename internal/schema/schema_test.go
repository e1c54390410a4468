package schema_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/schema"
)

type scaling struct {
	Min int `json:"min,omitempty" jsonschema:"minimum=0,default=1"`
	Max int `json:"max" jsonschema:"required,minimum=1"`
}

type schedule struct {
	Cron string `json:"cron" jsonschema:"required"`
	Zone string `json:"zone,omitempty" jsonschema:"default=UTC"`
}

type group struct {
	Name     string            `json:"name" jsonschema:"required,pattern=^[a-z]+$"`
	Capacity string            `json:"capacity,omitempty" jsonschema:"enum=onDemand,enum=spot,default=onDemand"`
	Scaling  scaling           `json:"scaling,omitempty"`
	Night    *schedule         `json:"night,omitempty" jsonschema_extras:"x-optional=true"`
	Labels   map[string]string `json:"labels,omitempty"`
}

type config struct {
	Environment string   `json:"environment" jsonschema:"required"`
	Groups      []group  `json:"groups,omitempty"`
	Types       []string `json:"types,omitempty" jsonschema:"default=api,default=audit"`
	Enabled     bool     `json:"enabled,omitempty" jsonschema:"default=true"`
}

func compile(t *testing.T) *schema.Schema {
	t.Helper()
	raw, err := schema.Generate(&config{}, "example.com/none")
	require.NoError(t, err)
	s, err := schema.Parse(raw)
	require.NoError(t, err)
	return s
}

func value(t *testing.T, text string) any {
	t.Helper()
	var v any
	require.NoError(t, json.Unmarshal([]byte(text), &v))
	return v
}

func TestEveryProblemIsReportedAtOnceByItsPath(t *testing.T) {
	t.Parallel()
	s := compile(t)
	var c config
	problems, err := s.Decode(value(t, `{
		"enviroment": "dev",
		"groups": [
			{"name": "ok", "scaling": {"max": 3}},
			{"name": "Bad", "capacity": "Spot", "scaling": {"max": 0, "mn": 1}, "labels": {"a": 1}}
		]
	}`), &c)
	require.NoError(t, err)
	assert.EqualError(t, problems.Err(), `enviroment: unknown key; did you mean environment?
environment: is required
groups[1].capacity: must be one of onDemand, spot, got "Spot"; did you mean spot?
groups[1].labels.a: must be a string, got a number; put it in quotes
groups[1].name: "Bad" does not have the required form ^[a-z]+$
groups[1].scaling.max: must be at least 1, got 0
groups[1].scaling.mn: unknown key; did you mean min?`)
}

func TestDefaultsComeFromTheTagsAndOptionalObjectsStayAbsent(t *testing.T) {
	t.Parallel()
	s := compile(t)
	var c config
	problems, err := s.Decode(value(t, `{
		"environment": "dev",
		"enabled": false,
		"groups": [{"name": "a", "scaling": {"max": 3}}, {"name": "b", "scaling": {"max": 1, "min": 0}, "night": {"cron": "x"}}]
	}`), &c)
	require.NoError(t, err)
	require.Empty(t, problems)
	assert.Equal(t, config{
		Environment: "dev",
		Types:       []string{"api", "audit"},
		Enabled:     false,
		Groups: []group{
			{Name: "a", Capacity: "onDemand", Scaling: scaling{Min: 1, Max: 3}},
			{Name: "b", Capacity: "onDemand", Scaling: scaling{Min: 0, Max: 1}, Night: &schedule{Cron: "x", Zone: "UTC"}},
		},
	}, c)
}
