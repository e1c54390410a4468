package automation

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// Export reads a stack's state, its secrets encrypted. A stack that does not exist has an empty one.
func (p *Platform) Export(ctx context.Context, stack string) (apitype.UntypedDeployment, error) {
	if stored := p.stored(ctx, stack); stored != nil {
		return *stored, nil
	}
	w, err := p.open(ctx, stack, false)
	if isKind(err, ErrNoStack) {
		return apitype.UntypedDeployment{}, nil
	}
	if err != nil {
		return apitype.UntypedDeployment{}, err
	}
	defer w.close()
	return w.export(ctx, stack)
}

// Import writes a stack's state.
func (p *Platform) Import(ctx context.Context, stack string, d apitype.UntypedDeployment) error {
	raw, err := json.Marshal(d)
	if err != nil {
		return err
	}
	w, err := p.open(ctx, stack, false)
	if err != nil {
		return err
	}
	defer w.close()
	_, err = w.runWith(ctx, bytes.NewReader(raw), stack, "stack", "import")
	return err
}

// Decode decodes an exported state.
func Decode(d apitype.UntypedDeployment) (*apitype.DeploymentV3, error) {
	out := &apitype.DeploymentV3{}
	if len(d.Deployment) == 0 {
		return out, nil
	}
	if err := json.Unmarshal(d.Deployment, out); err != nil {
		return nil, fmt.Errorf("read an exported state: %w", err)
	}
	return out, nil
}
