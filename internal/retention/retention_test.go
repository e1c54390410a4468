package retention_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/eks-platform/eks-platform/internal/retention"
)

func TestOnlyCloudWatchsPeriodsPass(t *testing.T) {
	t.Parallel()
	assert.Empty(t, retention.Problem(30))
	assert.Empty(t, retention.Problem(3653))
	for _, n := range []int{0, -1, 31, 10000} {
		assert.Contains(t, retention.Problem(n), "must be one of CloudWatch's periods (1, 3, 5,", n)
	}
}
