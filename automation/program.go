package automation

import "github.com/eks-platform/eks-platform/stacks"

// program is the program that plain pulumi up runs.
var program = stacks.Program

// loadEstate reads the stack files of that program.
func loadEstate(dir string) (Estate, error) {
	e, err := stacks.LoadEstate(dir)
	if err != nil {
		return nil, err
	}
	return e, nil
}
