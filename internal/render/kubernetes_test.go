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
