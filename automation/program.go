package automation

import "github.com/eks-platform/eks-platform/stacks"

// program is what plain pulumi up runs, too.
var program = stacks.Program

func loadEstate(dir string) (Estate, error) {
	e, err := stacks.LoadEstate(dir)
	if err != nil {
		return nil, err
	}
	return estateOf{e}, nil
}

// estateOf are the stack files as they are.
type estateOf struct{ *stacks.Estate }

// RequiresApproval is delivery.requireApproval of the stack file.
func (e estateOf) RequiresApproval(stack string) bool {
	return e.Config(stack).Delivery.RequireApproval
}
