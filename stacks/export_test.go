package stacks

// The schema for editors and the reference, of a schema that is not embedded yet.
var (
	FileSchema  = fileSchema
	ReferenceOf = reference
)
