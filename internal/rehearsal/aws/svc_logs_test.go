package aws

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSavedQueriesAreRefusedAsAWSRefusesThem(t *testing.T) {
	t.Parallel()
	query := func(changes m) m {
		return with(m{"name": "eks-platform/dev/errors", "queryString": "fields @message"}, changes)
	}
	try := func(changes m) func(*world) error {
		return func(w *world) error { return w.tryErr(queryDefinitionType, query(changes)) }
	}
	var many []any
	for range 51 {
		many = append(many, "/eks-platform/nonprod/cluster")
	}
	refuses(t, nil, []refusal{
		{"a name that begins with a slash", try(m{"name": "/dev/errors"}), "cannot start or end with a slash"},
		{"a name that ends with a slash", try(m{"name": "dev/"}), "cannot start or end with a slash"},
		{"a name with an empty folder", try(m{"name": "dev//errors"}), "cannot start or end with a slash"},
		{"a name with a colon", try(m{"name": "dev: errors"}), "cannot contain a colon"},
		{"a name that is taken", func(w *world) error {
			w.make(queryDefinitionType, query(nil))
			return w.tryErr(queryDefinitionType, query(nil))
		}, "already exists"},
		{"a change to a name that is taken", func(w *world) error {
			w.make(queryDefinitionType, query(nil))
			return w.changeErr(w.make(queryDefinitionType, query(m{"name": "other"})), m{"name": "eks-platform/dev/errors"})
		}, "already exists"},
		{"no query", try(m{"queryString": ""}), "between 1 and 10000 (it has 0)"},
		{"too long a query", try(m{"queryString": strings.Repeat("a", 10001)}), "between 1 and 10000"},
		{"too many log groups", try(m{"logGroupNames": many}), "at most 50 log groups"},
		{"a log group that cannot be", try(m{"logGroupNames": list("/eks platform")}), "at 'logGroupNames'"},
	})
	w := newWorld(t)
	q := w.make(queryDefinitionType, query(m{"logGroupNames": list("/eks-platform/nonprod/environments/dev")}))
	assert.Equal(t, q.id, q.text("queryDefinitionId"))
	_, err := w.change(q, m{"queryString": "fields @timestamp"})
	require.NoError(t, err, "a query may keep its name")
}
