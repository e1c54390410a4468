package image_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/eks-platform/eks-platform/internal/image"
)

func TestAnImageNamesItsRegistryAndItsVersion(t *testing.T) {
	for ref, want := range map[string]string{
		"public.ecr.aws/eks/aws-load-balancer-controller:v3.5.0": "",
		"localhost:5000/app:1":                                            "",
		"registry.k8s.io/pause@sha256:" + digest:                          "",
		"registry.k8s.io/pause:3.10@sha256:" + digest:                     "",
		"public.ecr.aws/eks/aws-load-balancer-controller":                 "has no version",
		"public.ecr.aws/aws-observability/aws-for-fluent-bit:latest":      "moves by itself",
		"fluent/fluent-bit:5.1.3":                                         "names no registry",
		"nginx:1.27":                                                      "names no registry",
		"public.ecr.aws/Aws-Observability/aws-for-fluent-bit:3.4.15":      "is no image reference",
		"public.ecr.aws/aws-observability/aws-for-fluent-bit:3.4.15 oops": "is no image reference",
	} {
		if got := image.Problem(ref); want == "" {
			assert.Empty(t, got, ref)
		} else {
			assert.Contains(t, got, want, ref)
		}
	}
}

const digest = "88e1b56cedb230486afeca6eeb26c5f6bd59c48879d0054d1674d5a58838c607"

func TestAMirrorReplacesOnlyItsRegistry(t *testing.T) {
	r := image.Registries{"public.ecr.aws": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/ecr-public"}
	assert.Empty(t, r.Problems())
	assert.Equal(t, "111111111111.dkr.ecr.eu-west-1.amazonaws.com/ecr-public/eks/pause:3.10", r.Resolve("public.ecr.aws/eks/pause:3.10"))
	assert.Equal(t, "registry.k8s.io/pause:3.10", r.Resolve("registry.k8s.io/pause:3.10"))
}

func TestARegistryThatIsNoneIsRefused(t *testing.T) {
	for from, to := range map[string]string{
		"https://public.ecr.aws": "mirror.example.com",
		"public":                 "mirror.example.com",
		"public.ecr.aws":         "https://mirror.example.com",
		"registry.k8s.io":        "mirror",
		"quay.io":                "mirror.example.com/UPPER",
	} {
		assert.Len(t, image.Registries{from: to}.Problems(), 1, "%s: %s", from, to)
	}
}

func TestAReferenceFallsIntoRepositoryAndTag(t *testing.T) {
	for ref, want := range map[string][2]string{
		"registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.2": {"registry.k8s.io/autoscaling/cluster-autoscaler", "v1.35.2"},
		"localhost:5000/app":             {"localhost:5000/app", ""},
		"localhost:5000/app:1":           {"localhost:5000/app", "1"},
		"quay.io/app:1@sha256:" + digest: {"quay.io/app", "1@sha256:" + digest},
	} {
		repository, tag := image.Split(ref)
		assert.Equal(t, want, [2]string{repository, tag}, ref)
	}
}
