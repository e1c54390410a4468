package addons

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// onDemand selects nodes that are not taken away at two minutes' notice. EKS puts the label on the nodes of managed
// groups.
var onDemand = map[string]string{"eks.amazonaws.com/capacityType": "ON_DEMAND"}

// encode writes an add-on's configuration. Keys stand in a stable order. A configuration without settings is {} and
// not absent: EKS takes {} as "all defaults" and absence as "as before".
func encode(name string, configuration any) (string, error) {
	raw, err := json.Marshal(configuration)
	if err != nil {
		return "", fmt.Errorf("encode the configuration of %s: %w", name, err)
	}
	return string(raw), nil
}

// configured registers an add-on with a configuration that is known already.
func (b *builder) configured(a addon, configuration any) error {
	text, err := encode(a.name, configuration)
	if err != nil {
		return err
	}
	a.configuration = pulumi.String(text)
	_, err = b.create(a)
	return err
}
