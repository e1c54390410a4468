// Package retention defines the retention periods of CloudWatch Logs.
package retention

import "github.com/invopop/jsonschema"

// Days is how long CloudWatch Logs keeps a record.
type Days int

// periods are the valid ones
// (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html).
var periods = []any{
	1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
}

// JSONSchemaExtend adds the periods to the schema.
func (Days) JSONSchemaExtend(s *jsonschema.Schema) { s.Enum = periods }
