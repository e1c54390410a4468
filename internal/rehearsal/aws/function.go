package aws

import (
	"fmt"

	awsfacts "github.com/eks-platform/eks-platform/internal/facts/aws"
	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// FunctionCall is one call of a data-source function.
type FunctionCall struct {
	Tx        cloud.Tx
	Scope     cloud.Scope
	Partition string
	// Token is the function's token ("aws:eks/getCluster:getCluster").
	Token string
	// Args are the arguments, checked against the facts.
	Args cloud.Attributes
	// DefaultTags are the provider's default tags.
	DefaultTags cloud.Attributes
}

// functions holds what answers data-source functions, by token. A function that is not here is refused by name.
var functions = map[string]func(*FunctionCall) (cloud.Attributes, error){}

func registerFunction(token string, f func(*FunctionCall) (cloud.Attributes, error)) {
	if _, twice := functions[token]; twice {
		panic("rehearsal: function registered twice: " + token)
	}
	functions[token] = f
}

// functionFactsOf returns a function's facts; one that nothing answers is refused by name.
func functionFactsOf(token string) (*awsfacts.Function, func(*FunctionCall) (cloud.Attributes, error), error) {
	f, answer := awsfacts.FunctionOf(token), functions[token]
	if f == nil || answer == nil {
		return nil, nil, fmt.Errorf("the rehearsal cloud does not know the function %s%s", token, nearest(token, sortedNames(functions)))
	}
	return f, answer, nil
}
