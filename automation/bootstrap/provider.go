package bootstrap

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// inspectProvider looks for the OIDC provider of the CI system, of which an account has one. It needs no thumbprint: AWS checks
// GitHub and others with its own list of certificate authorities
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html).
func (b *Bootstrap) inspectProvider(ctx context.Context) (*found, error) {
	s, issuer := b.Site, b.Site.issuer
	f := &found{Change: Change{Resource: "OIDC provider", Name: issuer, Action: Exists}}
	arn := s.providerARN()
	out, err := b.iam.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: &arn})
	if missing(err) {
		f.Action = Create
		f.todo("lets AWS check the tokens of CI jobs", func(ctx context.Context) error {
			_, err := b.iam.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{
				Url: aws.String("https://" + issuer), ClientIDList: []string{s.audience()}, Tags: roleTags(),
			})
			return wrap("create the OIDC provider "+issuer, err)
		})
		return f, nil
	}
	if err != nil {
		return nil, explain("read the OIDC provider "+issuer, err)
	}
	if !marked(out.Tags) {
		f.Action = Adopt
		f.Notes = append(f.Notes, "not created by bootstrap; it is used as it is")
	}
	if !slices.Contains(out.ClientIDList, s.audience()) {
		f.todo("does not accept tokens for "+s.audience(), func(ctx context.Context) error {
			_, err := b.iam.AddClientIDToOpenIDConnectProvider(ctx, &iam.AddClientIDToOpenIDConnectProviderInput{
				OpenIDConnectProviderArn: &arn, ClientID: aws.String(s.audience()),
			})
			return wrap("add an audience to the OIDC provider "+issuer, err)
		})
	}
	return f, nil
}
