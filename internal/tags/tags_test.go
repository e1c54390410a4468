package tags_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"

	"github.com/eks-platform/eks-platform/internal/tags"
)

func TestAResourceHasItsStacksTagsAndItsName(t *testing.T) {
	t.Parallel()
	stack := map[string]string{"cost-center": "platform"}
	assert.Equal(t, pulumi.StringMap{"cost-center": pulumi.String("platform"), "Name": pulumi.String("prod-vpc")}, tags.Named(stack, "prod-vpc"))
	assert.Equal(t, map[string]string{"cost-center": "platform"}, stack, "the stack's tags are shared by all resources")
	assert.Equal(t, pulumi.StringMap{"Name": pulumi.String("prod-vpc")}, tags.Named(nil, "prod-vpc"))
}
