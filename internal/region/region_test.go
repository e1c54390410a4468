package region_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/region"
)

func TestARegionsNameGivesItsPartitionSuffixAndZoneIDs(t *testing.T) {
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

func TestInvalidRegionsAreRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "eu-west", "eu-west-1a", "euw1", "Europe", "eu-up-1", "eusc-de-east-1", "us-iso-east-1", "eu-isoe-west-1"} {
		assert.False(t, region.Valid(name), name)
		assert.NotEmpty(t, region.Problem(name), name)
		_, err := region.ZoneIDPrefix(name)
		assert.Error(t, err, name)
	}
}

func TestAPartitionThatThePlatformDoesNotKnowIsRefusedAsSuch(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"eusc-de-east-1", "us-iso-east-1", "us-isob-east-1", "us-isof-south-1", "eu-isoe-west-1"} {
		assert.Contains(t, region.Problem(name), "in a separate partition", name)
	}
}

func TestAZoneIsOneOfItsRegion(t *testing.T) {
	t.Parallel()
	for id, in := range map[string]string{
		"euw1-az3": "eu-west-1", "use1-az6": "us-east-1", "usw2-az4": "us-west-2", "usgw1-az1": "us-gov-west-1", "cnn1-az1": "cn-north-1",
	} {
		assert.Empty(t, region.ZoneProblem(in, id), id)
	}
	for id, want := range map[string]string{
		"euw1-az4": "whose ids are euw1-az1 to euw1-az3", "euw1-az0": "not a zone", "euw1-az": "not a zone", "euw1-az01x": "not a zone",
		"use1-az1": "not a zone of eu-west-1", "eu-west-1a": "is a zone name", "use1-az3": "EKS cannot place",
	} {
		assert.Contains(t, region.ZoneProblem("eu-west-1", id), want, id)
	}
}
