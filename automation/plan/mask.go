package plan

import "github.com/eks-platform/eks-platform/internal/mask"

// masked stands in the place of what looks like a credential.
const masked = mask.Masked

// MaskAddress is Mask for the address of a CI run: neither its user nor what stands behind a question mark is needed to find
// the run, as far as it looks like a credential.
func MaskAddress(address string) string { return mask.Address(address) }

// Mask replaces what looks like a credential: access keys, PEM blocks, JSON Web Tokens, tokens of GitHub and the like,
// tokens and passwords in a kubeconfig. It is for text that people will see; it cannot know a secret that looks like
// anything else.
func Mask(text string) string { return mask.Text(text) }
