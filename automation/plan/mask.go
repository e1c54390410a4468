package plan

import "github.com/eks-platform/eks-platform/internal/mask"

// masked replaces what looks like a credential.
const masked = mask.Masked

// MaskAddress is Mask for the URL of a CI run: it also removes the user, and query parameters that look like a credential,
// which are not needed to find the run.
func MaskAddress(address string) string { return mask.Address(address) }

// Mask replaces what looks like a credential: access keys, PEM blocks, JSON Web Tokens, tokens of GitHub and the like,
// tokens and passwords in a kubeconfig. It is for text that people will see; it cannot recognise a secret that looks like
// ordinary text.
func Mask(text string) string { return mask.Text(text) }
