package aws

// Forget makes the next question read its file again.
func Forget() { resources.read = map[string]*Resource{} }
