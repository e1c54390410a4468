package cluster

import (
	"fmt"
	"strings"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// createOIDCProvider lets IAM roles trust the cluster's service accounts. Thumbprints are left out: IAM verifies the issuer
// with its own list of certificate authorities, and looking one up would need the network in every preview.
func (b *builder) createOIDCProvider(c *Cluster) error {
	id := b.kids.ID("oidc")
	provider, err := iam.NewOpenIdConnectProvider(b.ctx, id, &iam.OpenIdConnectProviderArgs{
		Url:           issuerURL(c.Resource),
		ClientIdLists: pulumi.StringArray{pulumi.String("sts.amazonaws.com")},
		Tags:          b.tags(id),
	}, b.kids.Opts()...)
	if err != nil {
		return fmt.Errorf("create the OIDC provider: %w", err)
	}
	c.OIDCProviderARN = provider.Arn
	return nil
}

func issuerURL(raw *awseks.Cluster) pulumi.StringOutput {
	return raw.Identities.Index(pulumi.Int(0)).Oidcs().Index(pulumi.Int(0)).Issuer().Elem()
}

func issuer(raw *awseks.Cluster) pulumi.StringOutput {
	return issuerURL(raw).ApplyT(func(url string) string { return strings.TrimPrefix(url, "https://") }).(pulumi.StringOutput)
}
