package stacks

// Image is a container image that the platform's own pods run. The add-ons' images are not among them: EKS pulls those
// from ECR of the region by itself.
type Image struct {
	// Service is the key of the service in the stack file.
	Service string `json:"service"`
	// Chart is the Helm chart that runs it; empty where the program runs it without one.
	Chart string `json:"chart,omitempty"`
	// Name is the image's public name. It has no tag where the chart has it.
	Name string `json:"name"`
	// Pulled is where the nodes pull it from: the name itself, or what imageRegistries has in its place.
	Pulled string `json:"pulled"`
}

// Images returns the images that a stack brings to its cluster, in the order in which their services are registered: what
// a mirror must have before a cluster without a way to the internet comes up.
func (e *Estate) Images(stack string) []Image {
	c := e.configs[stack]
	out := []Image{}
	for _, i := range c.services.Images(c.Owner()) {
		out = append(out, Image{Service: i.Service, Chart: i.Chart, Name: i.Name, Pulled: c.ImageRegistries.Resolve(i.Name)})
	}
	return out
}
