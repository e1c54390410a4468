package kubernetes

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// pullPolicy returns the pull policy that the API server gives an image: one without a tag and without a digest, or
// with the tag "latest", is pulled every time.
func pullPolicy(image string) corev1.PullPolicy {
	if strings.Contains(image, "@") {
		return corev1.PullIfNotPresent
	}
	_, tag, tagged := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	if !tagged || tag == "latest" {
		return corev1.PullAlways
	}
	return corev1.PullIfNotPresent
}
