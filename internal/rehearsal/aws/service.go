package aws

import (
	"fmt"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// Service is what AWS itself does with one resource type, beyond what the provider's facts say: the rules it
// enforces, and the values it fills in. Every member may be nil. The engine has checked names, types and
// required properties against the facts, and applied the facts' defaults, before it calls one.
type Service struct {
	// Global says that objects live outside regions (IAM).
	Global bool
	// NewID returns the id of an object that is about to be created; nil derives it from the facts' id form.
	NewID func(c *Call) (string, error)
	// Again says that making what is there already is no error, and changes nothing.
	Again bool
	// Create enforces AWS's rules on a new object and fills computed attributes into c.Attributes.
	Create func(c *Call) error
	// Update enforces AWS's rules on a change; c.Old holds the object before.
	Update func(c *Call) error
	// Delete refuses what AWS refuses (a VPC with subnets) and removes side effects.
	Delete func(c *Call) error
	// Read refreshes attributes that other objects change (a cluster's status); nil returns what is stored.
	Read func(c *Call) error
}

// Call is one request to the rehearsal cloud.
type Call struct {
	Tx    cloud.Tx
	Scope cloud.Scope
	// Region is the provider's region, also for a global type, whose Scope has none.
	Region    string
	Partition string
	// Type is the Pulumi type token.
	Type string
	// ID is the object's id; set in Create too, after NewID.
	ID string
	// Attributes are the object's properties as they will be stored. Rules read inputs from them and write
	// computed ones to them. An object has one set of tags, as in AWS: "tags", with the provider's default tags
	// among them; there is no "tagsAll".
	Attributes cloud.Attributes
	// Old holds the properties before an Update or a Delete; nil in Create.
	Old cloud.Attributes

	// warnings are what rules noted with warn.
	warnings []string
}

// services holds the registered services by type token. A type without one has no rules beyond the facts; a
// type that is not in the facts at all is refused by name.
var services = map[string]*Service{}

func register(typ string, s *Service) {
	if _, twice := services[typ]; twice {
		panic("rehearsal: service registered twice: " + typ)
	}
	services[typ] = s
}

// Error is an answer of AWS that refuses a request, in AWS's own error codes.
type Error struct {
	// Code is AWS's error code, for example DependencyViolation.
	Code string
	// Message says what is wrong and with which object.
	Message string
}

// Error returns the code and the message as the AWS provider prints them.
func (e *Error) Error() string { return fmt.Sprintf("api error %s: %s", e.Code, e.Message) }

// refuse returns an Error.
func refuse(code, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}
