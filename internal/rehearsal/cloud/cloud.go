// Package cloud is the rehearsal cloud's store: what exists, in which account and region, on disk, so that it outlives a
// process. It knows nothing about Pulumi.
package cloud

// Attributes are an object's properties under their Pulumi names: JSON values only (string, bool, float64,
// nil, []any, map[string]any).
type Attributes = map[string]any

// Scope is where an object lives.
type Scope struct {
	Account string
	// Region is empty for global services (IAM).
	Region string
}

// Object is something that exists in the rehearsal cloud.
type Object struct {
	Scope Scope
	// Type is a Pulumi type token ("aws:ec2/vpc:Vpc"), or "hidden:..." for what AWS makes by itself, such as a
	// VPC's default security group or a node group's Auto Scaling group, which no program manages.
	Type string
	// ID is unique within Scope and Type.
	ID string
	// Owner is the key of the object whose deletion takes this one with it; empty for objects that programs make.
	Owner string
	// Attributes hold inputs and outputs alike.
	Attributes Attributes
}

// Tx is a transaction on the store: everything in it happens or nothing.
type Tx interface {
	// Get returns an object, or false. Changes to the result take effect by Put only.
	Get(scope Scope, typ, id string) (*Object, bool)
	// List returns every object of a type in a scope, ordered by ID.
	List(scope Scope, typ string) []*Object
	// All returns every object of every type and scope, ordered by key.
	All() []*Object
	// Owned returns the objects whose Owner is o, ordered by key.
	Owned(o *Object) []*Object
	// Mentions returns the objects that hold a string among their attributes (tags aside), also as a leaf of a JSON
	// document, ordered by key. It is an index: cheap however many objects there are.
	Mentions(text string) []*Object
	// Put writes an object, new or changed.
	Put(o *Object) error
	// Delete removes an object and everything whose Owner it is. Deleting what does not exist is not an error.
	Delete(scope Scope, typ, id string) error
}

// Key identifies an object over all scopes; it is what Owner holds.
func (o *Object) Key() string {
	return o.Scope.Account + "/" + o.Scope.Region + "/" + o.Type + "/" + o.ID
}
