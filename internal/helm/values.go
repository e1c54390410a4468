package helm

import "github.com/eks-platform/eks-platform/internal/image"

// Image is an image in the form that most charts take.
type Image struct {
	Repository string `json:"repository"`
	Tag        string `json:"tag"`
}

// ImageOf splits a reference of the format chart-image.
func ImageOf(ref string) Image {
	repository, tag := image.Split(ref)
	return Image{Repository: repository, Tag: tag}
}

// Resources are the resources of a container as charts take them.
type Resources struct {
	Requests map[string]string `json:"requests"`
	Limits   map[string]string `json:"limits"`
}

// ResourcesOf requests CPU and memory, and limits the memory to the request, so that a leak kills only its own container.
// CPU has no limit, which would slow the container down on an idle node.
func ResourcesOf(cpu, memory string) Resources {
	return Resources{
		Requests: map[string]string{"cpu": cpu, "memory": memory},
		Limits:   map[string]string{"memory": memory},
	}
}
