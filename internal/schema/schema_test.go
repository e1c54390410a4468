package schema_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/problem"
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
	Night    *schedule         `json:"night,omitempty"`
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
groups[1].capacity: must be one of onDemand, spot, got "Spot"; did you mean spot?
groups[1].labels.a: must be a string, got a number; put it in quotes
groups[1].name: "Bad" does not match the required pattern ^[a-z]+$
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

func TestSettingsWrittenInGoAreCheckedAndCompletedByTheirTags(t *testing.T) {
	t.Parallel()
	c := config{Environment: "dev", Groups: []group{{Name: "a", Scaling: scaling{Max: 3}}, {Name: "b", Scaling: scaling{Max: 0}}}}
	given := c
	problems := schema.Complete(&c)
	assert.EqualError(t, problems.Err(), "groups[1].scaling.max: must be at least 1, got 0")
	assert.Equal(t, []string{"api", "audit"}, c.Types)
	assert.Equal(t, "onDemand", c.Groups[0].Capacity)
	assert.Equal(t, 1, c.Groups[0].Scaling.Min)
	assert.Nil(t, c.Groups[0].Night)
	assert.Empty(t, given.Groups[0].Capacity, "the caller's own stay as they are")
	again := c
	schema.Complete(&again)
	assert.Equal(t, c, again, "what is complete stays as it is")
}

func TestAnEmptyListWrittenInGoIsNoneLeftOut(t *testing.T) {
	t.Parallel()
	c := config{Environment: "dev", Types: []string{}}
	assert.Empty(t, schema.Complete(&c))
	assert.Equal(t, []string{}, c.Types)
}

type arguments struct {
	settings
	Region  string `args:"required" format:"aws-region"`
	Account string `args:"required" format:"aws-account-id"`
	Role    any    `args:"required"`
}

type settings struct {
	Least int `json:"least,omitempty" jsonschema:"minimum=1,default=2"`
	Most  int `json:"most,omitempty" jsonschema:"minimum=1,default=3"`
}

func relations(a *arguments) problem.List {
	var out problem.List
	if a.Least > a.Most {
		out.Relate("least", []string{"least", "most"}, "must not exceed most")
	}
	return out
}

func TestArgumentsArePreparedOrRefusedWhole(t *testing.T) {
	t.Parallel()
	own := func(a *arguments) *settings { return &a.settings }
	a := &arguments{Region: "eu-west-1", Account: "111111111111", Role: "x"}
	require.NoError(t, schema.Prepare(a, own, relations))
	assert.Equal(t, settings{Least: 2, Most: 3}, a.settings)

	err := schema.Prepare(&arguments{settings: settings{Least: 4}, Region: "europe"}, own, relations)
	for _, want := range []string{
		"least: must not exceed most", "field Region of Args \"europe\" is not the name of an AWS region",
		"field Account of Args is required", "field Role of Args is required",
	} {
		assert.ErrorContains(t, err, want)
	}

	_, problems := schema.Args(&arguments{settings: settings{Least: 9, Most: -1}}, own, relations)
	assert.EqualError(t, problems.Err(), "most: must be at least 1, got -1", "the relation would follow from it")
}

func TestValuesBeyondAllBoundsAreRefusedInAFewWords(t *testing.T) {
	t.Parallel()
	s := compile(t)
	unknown := map[string]any{"environment": "dev"}
	for i := range 5000 {
		unknown[fmt.Sprintf("key%d", i)] = true
	}
	for name, v := range map[string]any{
		"integer":      map[string]any{"environment": "dev", "groups": []any{map[string]any{"name": "a", "scaling": map[string]any{"max": json.Number("99999999999999999999")}}}},
		"exponent":     map[string]any{"environment": "dev", "groups": []any{map[string]any{"name": "a", "scaling": map[string]any{"max": json.Number("1e999999999")}}}},
		"text":         map[string]any{"environment": strings.Repeat("x", 1<<20)},
		"value of few": map[string]any{"environment": "dev", "groups": []any{map[string]any{"name": "a", "capacity": strings.Repeat("x", 1<<16), "scaling": map[string]any{"max": json.Number("1")}}}},
		"keys":         unknown,
	} {
		start := time.Now()
		problems := s.Check(v)
		assert.NotEmpty(t, problems, name)
		assert.Less(t, len(problems.Err().Error()), 4000, name)
		assert.Less(t, time.Since(start), 5*time.Second, name)
	}
}
