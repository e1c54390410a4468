package identity_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/child"
	"github.com/eks-platform/eks-platform/internal/identity"
	"github.com/eks-platform/eks-platform/internal/ptest"
)

type component struct{ pulumi.ResourceState }

func run(t *testing.T, args identity.Args) ptest.Registrations {
	t.Helper()
	regs, err := ptest.Run(t, false, func(ctx *pulumi.Context) error {
		c := &component{}
		if err := ctx.RegisterComponentResource("test:index:Component", "dev", c); err != nil {
			return err
		}
		r, err := identity.New(ctx, child.Of{Parent: c, Name: "dev"}, args)
		if err != nil {
			return err
		}
		if err := r.Attach("view", "ReadOnlyAccess"); err != nil {
			return err
		}
		if err := r.Attach("own", "arn:aws:iam::111111111111:policy/own"); err != nil {
			return err
		}
		if err := r.Allow("inline", pulumi.String("{}")); err != nil {
			return err
		}
		if args.OIDC != nil {
			return nil
		}
		return r.Associate(pulumi.String("nonprod"))
	})
	require.NoError(t, err)
	return regs
}

func one(t *testing.T, regs ptest.Registrations, token string) ptest.Registration {
	t.Helper()
	found := regs.ByType(token)
	require.Len(t, found, 1, token)
	return found[0]
}

func attached(t *testing.T, regs ptest.Registrations, name string) ptest.Registration {
	t.Helper()
	found, ok := regs.Named("aws:iam/rolePolicyAttachment:RolePolicyAttachment", name)
	require.True(t, ok, name)
	return found
}

func args() identity.Args {
	return identity.Args{
		Key: "logs", Region: "cn-north-1", AccountID: "111111111111", ClusterName: "nonprod",
		Namespace: "logging", ServiceAccount: "fluent-bit",
	}
}

func trust(t *testing.T, regs ptest.Registrations) map[string]any {
	t.Helper()
	var doc struct{ Statement []map[string]any }
	role := one(t, regs, "aws:iam/role:Role")
	require.NoError(t, json.Unmarshal([]byte(role.Inputs["assumeRolePolicy"].StringValue()), &doc))
	require.Len(t, doc.Statement, 1)
	return doc.Statement[0]
}

func TestARoleForPodIdentityTrustsOneServiceAccountOfOneCluster(t *testing.T) {
	regs := run(t, args())
	statement := trust(t, regs)
	assert.Equal(t, []any{"sts:AssumeRole", "sts:TagSession"}, statement["Action"])
	assert.Equal(t, map[string]any{"StringEquals": map[string]any{
		"aws:RequestTag/eks-cluster-arn":            []any{"arn:aws-cn:eks:cn-north-1:111111111111:cluster/nonprod"},
		"aws:RequestTag/kubernetes-namespace":       []any{"logging"},
		"aws:RequestTag/kubernetes-service-account": []any{"fluent-bit"},
	}}, statement["Condition"])
}

func TestAPodIsGivenTheRoleOnceItCanDoWhatItMust(t *testing.T) {
	regs := run(t, args())
	association := one(t, regs, "aws:eks/podIdentityAssociation:PodIdentityAssociation")
	assert.Len(t, association.Dependencies, 4, "the role and three policies: %v", association.Dependencies)
	assert.Equal(t, "arn:aws-cn:iam::aws:policy/ReadOnlyAccess", attached(t, regs, "dev-logs-view").Inputs["policyArn"].StringValue())
	assert.Equal(t, "arn:aws:iam::111111111111:policy/own", attached(t, regs, "dev-logs-own").Inputs["policyArn"].StringValue())
}

func TestARoleForIRSATrustsTheClustersIssuer(t *testing.T) {
	a := args()
	a.OIDC = &identity.OIDC{
		Issuer: pulumi.String("oidc.example.com/id/1"), ProviderARN: pulumi.String("arn:aws:iam::111111111111:oidc-provider/oidc.example.com/id/1"),
	}
	statement := trust(t, run(t, a))
	assert.Equal(t, map[string]any{"Federated": []any{"arn:aws:iam::111111111111:oidc-provider/oidc.example.com/id/1"}}, statement["Principal"])
	assert.Equal(t, map[string]any{"StringEquals": map[string]any{
		"oidc.example.com/id/1:aud": []any{"sts.amazonaws.com"},
		"oidc.example.com/id/1:sub": []any{"system:serviceaccount:logging:fluent-bit"},
	}}, statement["Condition"])
}

func TestALongNameIsShortenedToWhatIAMTakes(t *testing.T) {
	a := args()
	a.Key = strings.Repeat("long-", 12)
	name := one(t, run(t, a), "aws:iam/role:Role").Inputs["name"].StringValue()
	assert.Len(t, name, 64)
	b := args()
	b.Key = a.Key + "er"
	other := one(t, run(t, b), "aws:iam/role:Role").Inputs["name"].StringValue()
	assert.NotEqual(t, name, other, "names that begin alike must not meet")
	assert.NotContains(t, one(t, run(t, args()), "aws:iam/role:Role").Inputs, "name", "a short one is Pulumi's to name")
}

func TestALongNameOfAPolicyIsShortenedToWhatIAMTakes(t *testing.T) {
	policy := func(key string) map[string]any {
		a := args()
		a.Key = key
		return one(t, run(t, a), "aws:iam/rolePolicy:RolePolicy").Inputs.Mappable()
	}
	// Pulumi ends a name that it makes with eight characters of its own, and IAM takes 128.
	longest := strings.Repeat("x", 128-8-len("dev--inline"))
	assert.NotContains(t, policy(longest), "name", "Pulumi can name it")
	name := policy(longest + "y")["name"]
	assert.Len(t, name, 128)
	assert.NotEqual(t, name, policy(longest + "z")["name"], "names that begin alike must not meet")
}
