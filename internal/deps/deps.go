// Package deps keeps the modules that are about to be used.
package deps

import (
	_ "github.com/aws/aws-sdk-go-v2/config"
	_ "github.com/aws/aws-sdk-go-v2/service/iam"
	_ "github.com/aws/aws-sdk-go-v2/service/kms"
	_ "github.com/aws/aws-sdk-go-v2/service/s3"
	_ "github.com/aws/aws-sdk-go-v2/service/sts"
	_ "github.com/calyptia/go-fluentbit-config/v2"
	_ "github.com/google/go-github/v76/github"
	_ "github.com/johannesboyne/gofakes3/backend/s3mem"
	_ "k8s.io/apiserver/pkg/admission/plugin/policy/mutating"
	_ "k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	_ "k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
)
