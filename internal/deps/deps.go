// Package deps keeps the modules that are about to be used.
package deps

import (
	_ "github.com/calyptia/go-fluentbit-config/v2"
	_ "github.com/distribution/reference"
	_ "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/helm/v3"
	_ "k8s.io/apiserver/pkg/admission/plugin/policy/mutating"
	_ "k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	_ "k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
)
