package policy

import (
	celgo "github.com/google/cel-go/cel"
)

// expression is one CEL expression of a policy: what the compiler asks of it.
type expression struct {
	text    string
	returns []*celgo.Type
}

// GetExpression returns the expression's text.
func (e *expression) GetExpression() string { return e.text }

// ReturnTypes returns the types that the expression may have.
func (e *expression) ReturnTypes() []*celgo.Type { return e.returns }

// What expressions return, by their place in a policy.
var (
	condition       = []*celgo.Type{celgo.BoolType}
	message         = []*celgo.Type{celgo.StringType}
	auditAnnotation = []*celgo.Type{celgo.StringType, celgo.NullType}
	anything        = []*celgo.Type{celgo.AnyType, celgo.DynType}
	partialObject   = []*celgo.Type{celgo.ObjectType("Object")}
	patchOperations = []*celgo.Type{celgo.ListType(celgo.ObjectType("JSONPatch"))}
)

// variable is an expression with a name.
type variable struct {
	expression
	name string
}

// GetName returns the variable's name.
func (v *variable) GetName() string { return v.name }
