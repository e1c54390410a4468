package engine_test

import (
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/internal/clitest"
	"github.com/eks-platform/eks-platform/internal/rehearsal"
)

// A resource that names no provider would take its region and account from whoever runs the program.
func TestAForgottenProviderIsAnError(t *testing.T) {
	t.Parallel()
	cloud, err := openRehearsal(rehearsal.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cloud.Close()) })
	p, err := automation.New(automation.Options{
		ProjectDir: project(t, nil), Cloud: cloud, Command: clitest.Find(t),
		Program: func(ctx *pulumi.Context) error {
			_, err := ec2.NewVpc(ctx, "forgetful", &ec2.VpcArgs{CidrBlock: pulumi.String("10.0.0.0/16")})
			return err
		},
	})
	require.NoError(t, err)
	_, err = p.Preview(t.Context(), "dev", automation.PreviewOptions{})
	assert.ErrorContains(t, err, "Default provider for 'aws' disabled")
}
