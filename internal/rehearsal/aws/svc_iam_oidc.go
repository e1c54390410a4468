package aws

import "strings"

const oidcProviderType = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"

// formatIssuer is the form of an issuer's URL: IAM tells it without its scheme, and the provider sees no difference.
const formatIssuer = "issuer"

func init() {
	register(oidcProviderType, &Service{Global: true, NewID: oidcProviderARN, Create: createOIDCProvider})
}

// oidcProviderARN is the id of a provider: its ARN, which holds the issuer without its scheme.
func oidcProviderARN(c *Call) (string, error) {
	url := c.attrs().text("url")
	arn := c.arn("iam", "oidc-provider/"+strings.TrimPrefix(url, "https://"))
	if _, taken := c.get(oidcProviderType, arn); taken {
		return "", refuse("EntityAlreadyExists", "Provider with url %s already exists.", url)
	}
	return arn, nil
}

func createOIDCProvider(c *Call) error {
	url := c.attrs().text("url")
	if !strings.HasPrefix(url, "https://") {
		return refuse("ValidationError", "Invalid Open ID Connect Provider URL %q: it must begin with https://", url)
	}
	c.Attributes["arn"] = c.ID
	c.Attributes["url"] = strings.TrimPrefix(url, "https://") // as IAM tells it
	// IAM looks up the certificate of an issuer whose thumbprint it is not given.
	c.fill("thumbprintLists", []any{randomHex(40)})
	return nil
}
