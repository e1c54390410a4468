package stacks

// Image is a container image that the platform's own pods run. The add-ons' images are not included: EKS pulls those from
// the region's ECR.
type Image struct {
	// Service is the key of the service in the stack file.
	Service string `json:"service"`
	// Chart is the Helm chart that runs it; empty if the program runs it without one.
	Chart string `json:"chart,omitempty"`
	// Name is the image's public name. It has no tag if the chart sets the tag.
	Name string `json:"name"`
	// Pulled is where the nodes pull it from: the name itself, or its replacement from imageRegistries.
	Pulled string `json:"pulled"`
}

// Images returns the images that a stack runs on its cluster, in the order in which their services are registered: what a
// mirror must have before a cluster without internet access comes up.
func (e *Estate) Images(stack string) []Image {
	c := e.configs[stack]
	out := []Image{}
	for _, i := range c.services.Images(c.Owner()) {
		out = append(out, Image{Service: i.Service, Chart: i.Chart, Name: i.Name, Pulled: c.ImageRegistries.Resolve(i.Name)})
	}
	return out
}
