// Package bootstrap makes what must be there before the first update of an environment, and what the program must
// never own, because a destroy would take it along: the bucket of the state, the key that encrypts it and the stacks'
// secrets, the GitHub OIDC provider, and two roles for each environment, one that previews and one that deploys.
//
// There is no state of its own to lose. Every run looks at what is there, tells what differs, and brings only that up to
// date: a second run finds nothing to do. Nothing is ever deleted, and what others have put on a bucket or a key that is
// taken over stays there. All environments of an account and region share one bucket and one key, since an environment
// that joins a cluster reads its owner's outputs from the same backend; the roles are held apart by the keys of objects
// and by the encryption context of secrets.
package bootstrap
