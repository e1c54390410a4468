package automation

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// Export reads a stack's state, its secrets encrypted. A stack that does not exist has an empty one.
func (p *Platform) Export(ctx context.Context, stack string) (*apitype.DeploymentV3, error) {
	w, err := p.open(ctx, stack, false)
	if isKind(err, ErrNoStack) {
		return &apitype.DeploymentV3{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer w.close()
	text, err := w.run(ctx, stack, "stack", "export")
	if err != nil {
		return nil, err
	}
	var exported apitype.UntypedDeployment
	out := &apitype.DeploymentV3{}
	if err = json.Unmarshal([]byte(text), &exported); err == nil && len(exported.Deployment) > 0 {
		err = json.Unmarshal(exported.Deployment, out)
	}
	if err != nil {
		return nil, fmt.Errorf("read the state of %s: %w", stack, err)
	}
	return out, nil
}
