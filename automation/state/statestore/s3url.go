package statestore

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
)

// openS3 opens s3://bucket/prefix. The query parameters are those of gocloud.dev 0.46, through which the Pulumi CLI opens
// its backends (gocloud.dev/blob/s3blob.URLOpener, gocloud.dev/aws.V2ConfigFromURLParams and the prefix of
// gocloud.dev/blob.URLMux), and the older spellings that the CLI translates (disableSSL, an endpoint without a scheme).
func openS3(ctx context.Context, backendURL string) (Store, error) {
	u, err := url.Parse(backendURL)
	if err != nil {
		return nil, fmt.Errorf("the state backend is not a URL: %w", err)
	}
	where := "s3://" + u.Host + u.Path
	if u.Host == "" {
		return nil, fmt.Errorf("the state backend %s names no bucket: it must be s3://bucket/prefix", where)
	}
	q := &parameters{values: u.Query()}
	s := &s3Store{
		bucket: u.Host,
		prefix: q.take("prefix"),
		kmsKey: q.take("kmskeyid"),
	}
	if dir := strings.Trim(u.Path, "/"); dir != "" {
		// Pulumi keeps repeated trailing slashes, which are not used in practice.
		s.prefix += dir + "/"
	}
	s.encryption = types.ServerSideEncryption(q.choice("ssetype", words(types.ServerSideEncryption("").Values())...))

	var load []func(*config.LoadOptions) error
	if region := q.take("region"); region != "" {
		load = append(load, config.WithRegion(region))
	}
	if profile := q.take("profile"); profile != "" {
		load = append(load, config.WithSharedConfigProfile(profile))
	}
	if q.flag("anonymous") {
		load = append(load, config.WithCredentialsProvider(aws.AnonymousCredentials{}))
	}
	if q.flag("dualstack") {
		load = append(load, config.WithUseDualStackEndpoint(aws.DualStackEndpointStateEnabled))
	}
	if q.flag("fips") {
		load = append(load, config.WithUseFIPSEndpoint(aws.FIPSEndpointStateEnabled))
	}
	switch q.choice("request_checksum_calculation", "when_supported", "when_required") {
	case "when_supported":
		load = append(load, config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenSupported))
	case "when_required":
		load = append(load, config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenRequired))
	}
	switch q.choice("response_checksum_validation", "when_supported", "when_required") {
	case "when_supported":
		load = append(load, config.WithResponseChecksumValidation(aws.ResponseChecksumValidationWhenSupported))
	case "when_required":
		load = append(load, config.WithResponseChecksumValidation(aws.ResponseChecksumValidationWhenRequired))
	}
	if text := q.take("rate_limiter_capacity"); text != "" {
		capacity, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			q.fail("rate_limiter_capacity must be a number, got %q", text)
		}
		if capacity > 0 {
			load = append(load, config.WithRetryer(func() aws.Retryer {
				return retry.NewStandard(func(o *retry.StandardOptions) {
					o.RateLimiter = ratelimit.NewTokenRateLimit(uint(capacity))
				})
			}))
		}
	}
	q.take("awssdk") // it used to choose between two SDKs
	role := q.take("role")
	if role != "" && !strings.HasPrefix(role, "arn:") {
		q.fail("role must be an ARN, got %q", role)
	}

	// hostname_immutable keeps the bucket out of the host name, as path style does.
	pathStyle := q.flag("use_path_style")
	pathStyle = q.flag("s3ForcePathStyle") || pathStyle
	pathStyle = q.flag("hostname_immutable") || pathStyle
	noTLS := q.flag("disable_https")
	noTLS = q.flag("disableSSL") || noTLS
	accelerate := q.flag("accelerate")
	endpoint := q.take("endpoint")
	if endpoint != "" && !strings.Contains(endpoint, "://") {
		scheme := "https://"
		if noTLS {
			scheme = "http://"
		}
		endpoint = scheme + endpoint
	}
	if err := q.rest(); err != nil {
		return nil, fmt.Errorf("the state backend %s: %w", where, err)
	}

	load = append(load, func(o *config.LoadOptions) error {
		o.Logger = logging.Nop{} // what failed is in the errors, and the screen is the command's
		return nil
	})
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, fmt.Errorf("the state backend %s: %w", where, err)
	}
	if cfg.Region == "" {
		return nil, fmt.Errorf("the state backend %s has no region: add ?region=... to it, or set AWS_REGION", where)
	}
	if role != "" {
		cfg.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), role))
	}
	s.client = s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle = pathStyle
		o.UseAccelerate = accelerate
		o.EndpointOptions.DisableHTTPS = noTLS
		if endpoint != "" {
			o.BaseEndpoint = &endpoint
		}
	})
	return s, nil
}

func words[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}
