// Package bootstrap creates what must exist before the first update of an environment and what the program must never own,
// because a destroy would delete it: the bucket of the state, the key that encrypts it and the stacks' secrets, the GitHub
// OIDC provider, and two roles for each environment, one that previews and one that deploys.
//
// It has no state of its own. Every run inspects what exists, reports what differs, and changes only that: a second run
// finds nothing to do. Nothing is ever deleted, and foreign settings of a bucket or a key that is taken over are kept. All
// environments of an account and region share one bucket and one key, since an environment that joins a cluster reads its
// owner's outputs from the same backend; the roles are separated by object keys and by the encryption context of secrets.
package bootstrap
