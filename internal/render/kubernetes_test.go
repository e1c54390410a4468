package render_test

import (
	"bytes"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/declared"
	"github.com/eks-platform/eks-platform/internal/render"
)

func TestObjectsAreDocumentsWithoutSecrets(t *testing.T) {
	t.Parallel()
	inputs := func(values map[string]any) resource.PropertyMap { return resource.NewPropertyMapFromMap(values) }
	hushed := inputs(map[string]any{"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "s"}})
	hushed["stringData"] = resource.MakeSecret(resource.NewProperty("hush"))
	got, err := render.Objects(declared.Registrations{
		{Type: "aws:ec2/vpc:Vpc", Custom: true, Inputs: inputs(map[string]any{"cidrBlock": "10.0.0.0/16"})},
		{Type: "kubernetes:core/v1:Namespace", Custom: true, Inputs: inputs(map[string]any{
			"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "dev"},
		})},
		{Type: "kubernetes:core/v1:Secret", Custom: true, Inputs: hushed},
		{Type: "kubernetes:helm.sh/v3:Release", Custom: true, Inputs: inputs(map[string]any{"chart": "x"})},
	})
	require.NoError(t, err)
	assert.Equal(t, `---
apiVersion: v1
kind: Namespace
metadata:
  name: dev
---
apiVersion: v1
kind: Secret
metadata:
  name: s
stringData: '[secret]'
`, string(got))
	assert.False(t, bytes.Contains(got, []byte("hush")))
}

func TestAWSResourcesAreATerraformConfiguration(t *testing.T) {
	t.Parallel()
	inputs := func(values map[string]any) resource.PropertyMap { return resource.NewPropertyMapFromMap(values) }
	hushed := inputs(map[string]any{"name": "dev", "policy": "x"})
	hushed["policy"] = resource.MakeSecret(resource.NewProperty("hush"))
	got, err := render.Terraform(declared.Registrations{
		{Type: "kubernetes:core/v1:Namespace", Custom: true},
		{Type: "aws:ec2/vpc:Vpc", Name: "dev", ID: "vpc-1", Custom: true, Inputs: inputs(map[string]any{"cidrBlock": "10.0.0.0/16", "tags": map[string]any{"a.b": "${c}"}})},
		{Type: "aws:ec2/subnet:Subnet", Name: "dev.a", Custom: true, Inputs: inputs(map[string]any{"vpcId": "vpc-1"})},
		{Type: "aws:ec2/subnet:Subnet", Name: "dev-a", Custom: true, Read: true, Inputs: inputs(map[string]any{"vpcId": "vpc-1"})},
		{Type: "aws:eks/cluster:Cluster", Name: "dev", Custom: true, Inputs: inputs(map[string]any{
			"vpcConfig": map[string]any{"subnetIds": []any{"subnet-1"}, "endpointPublicAccess": false},
		})},
		{Type: "aws:kms/alias:Alias", Name: "logs", Custom: true, Inputs: inputs(map[string]any{"name": "alias/a"})},
		{Type: "aws:kms/alias:Alias", Name: "logs", Custom: true, Inputs: inputs(map[string]any{"name": "alias/b"})},
		{Type: "aws:iam/policy:Policy", Name: "p", Custom: true, Inputs: hushed},
	})
	require.NoError(t, err)
	assert.Equal(t, `resource "aws_vpc" "dev" {
  cidr_block = "10.0.0.0/16"
  tags = {"a.b":"$${c}"}
}

resource "aws_subnet" "dev_a" {
  vpc_id = "${aws_vpc.dev.id}"
}

resource "aws_eks_cluster" "dev" {
  vpc_config {
    endpoint_public_access = false
    subnet_ids = ["subnet-1"]
  }
}

resource "aws_kms_alias" "logs" {
  name = "alias/a"
}

resource "aws_kms_alias" "logs-2" {
  name = "alias/b"
}

resource "aws_iam_policy" "p" {
  name = "dev"
  policy = "[secret]"
}

`, string(got))

	_, err = render.Terraform(declared.Registrations{{Type: "aws:ec2/vpc:Vpc", Custom: true, Inputs: inputs(map[string]any{"colour": "red"})}})
	assert.ErrorContains(t, err, "there are no facts about colour")
}
