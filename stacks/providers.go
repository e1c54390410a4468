package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-eks/sdk/v2/go/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// controllerTags are the prefixes of tags that EKS and its controllers add to the platform's resources. They are ignored,
// so that no preview shows their removal.
var controllerTags = []string{"kubernetes.io/cluster/", "karpenter.sh/"}

// newProviders creates the stack's aws and eks providers. Their logical names are part of every resource's state:
// they never change.
func newProviders(ctx *pulumi.Context, cfg *Config) (pulumi.ResourceOption, error) {
	awsProvider, err := newAWSProvider(ctx, cfg)
	if err != nil {
		return nil, err
	}
	eksProvider, err := eks.NewProvider(ctx, "eks", &eks.ProviderArgs{})
	if err != nil {
		return nil, fmt.Errorf("create the eks provider: %w", err)
	}
	return pulumi.Providers(awsProvider, eksProvider), nil
}

func newAWSProvider(ctx *pulumi.Context, cfg *Config) (*aws.Provider, error) {
	args := &aws.ProviderArgs{
		Region: pulumi.String(cfg.AWS.Region),
		// The account guard: the provider asks STS for its account and refuses every other.
		AllowedAccountIds: pulumi.StringArray{pulumi.String(cfg.AWS.AccountID)},
		IgnoreTags:        aws.ProviderIgnoreTagsArgs{KeyPrefixes: pulumi.ToStringArray(controllerTags)},
	}
	if cfg.AWS.AssumeRoleARN != "" {
		args.AssumeRole = aws.ProviderAssumeRoleArgs{
			RoleArn:     pulumi.String(cfg.AWS.AssumeRoleARN),
			SessionName: pulumi.String(ctx.Project() + "-" + ctx.Stack()),
		}
	}
	p, err := aws.NewProvider(ctx, "aws", args)
	if err != nil {
		return nil, fmt.Errorf("create the aws provider: %w", err)
	}
	return p, nil
}
