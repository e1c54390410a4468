package region_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/region"
)

func TestARegionsNameTellsItsPartitionSuffixAndZoneIDs(t *testing.T) {
	t.Parallel()
	cases := []struct{ region, partition, suffix, zones string }{
		{"eu-west-1", "aws", "amazonaws.com", "euw1-az"},
		{"us-east-1", "aws", "amazonaws.com", "use1-az"},
		{"ap-southeast-2", "aws", "amazonaws.com", "apse2-az"},
		{"ap-northeast-1", "aws", "amazonaws.com", "apne1-az"},
		{"ca-central-1", "aws", "amazonaws.com", "cac1-az"},
		{"il-central-1", "aws", "amazonaws.com", "ilc1-az"},
		{"us-gov-west-1", "aws-us-gov", "amazonaws.com", "usgw1-az"},
		{"cn-north-1", "aws-cn", "amazonaws.com.cn", "cnn1-az"},
	}
	for _, c := range cases {
		assert.True(t, region.Valid(c.region), c.region)
		assert.Equal(t, c.partition, region.Partition(c.region), c.region)
		assert.Equal(t, c.suffix, region.DNSSuffix(c.region), c.region)
		zones, err := region.ZoneIDPrefix(c.region)
		require.NoError(t, err)
		assert.Equal(t, c.zones, zones, c.region)
	}
}

func TestWhatIsNoRegionIsRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "eu-west", "eu-west-1a", "euw1", "Europe", "eu-up-1"} {
		assert.False(t, region.Valid(name), name)
		_, err := region.ZoneIDPrefix(name)
		assert.Error(t, err, name)
	}
}
