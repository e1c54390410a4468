package addons

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// onDemand selects on-demand nodes. EKS sets the label on the nodes of managed groups.
var onDemand = map[string]string{"eks.amazonaws.com/capacityType": "ON_DEMAND"}

// encode encodes an add-on's configuration, with keys in a stable order. A configuration without settings is {} and not
// absent: to EKS {} means all defaults, and absence no change.
func encode(name string, configuration any) (string, error) {
	raw, err := json.Marshal(configuration)
	if err != nil {
		return "", fmt.Errorf("encode the configuration of %s: %w", name, err)
	}
	return string(raw), nil
}

// configured registers an add-on whose configuration is already known.
func (b *builder) configured(a addon, configuration any) error {
	text, err := encode(a.name, configuration)
	if err != nil {
		return err
	}
	a.configuration = pulumi.String(text)
	_, err = b.create(a)
	return err
}
