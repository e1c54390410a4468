package lease

// Here tells whether the process number is one of this machine's, in this boot and in these process numbers: only then
// looking for it says anything.
func (p Process) Here() bool { return p.Machine != "" && p.Machine == machine() }
