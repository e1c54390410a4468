package state

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/eks-platform/eks-platform/automation/state/statestore"
)

// Beside is what is kept beside the state of one stack: its lease, its history, and Pulumi's own locks.
type Beside struct {
	// Stack is whose it is.
	Stack statestore.Stack
	// Store is nil in backends that have none; Without then says why, and what stands in for it.
	Store   statestore.Store
	Without string
}

// Open opens the store beside a stack's state, in the backend of a URL as pulumi login takes it. It sends no request.
func Open(ctx context.Context, stack statestore.Stack, backend string) (*Beside, error) {
	b := &Beside{Stack: stack}
	switch scheme, _, _ := strings.Cut(backend, "://"); scheme {
	case "s3", "file":
		var err error
		if b.Store, err = statestore.Open(ctx, backend); err != nil {
			return nil, err
		}
	case "https", "http":
		b.Without = "the stack has no lease and no history of deploys beside its state: Pulumi Cloud locks it, and keeps the history of updates, by itself"
	default:
		b.Without = fmt.Sprintf("the stack has no lease and no history of deploys beside its state: they are kept in s3:// and file:// "+
			"backends, not in %s://; Pulumi's own lock is all there is", scheme)
	}
	return b, nil
}

// Where says where the store is, without what a URL can hold of credentials.
func (b *Beside) Where() string {
	if b.Store == nil {
		return ""
	}
	text := b.Store.String()
	if u, err := url.Parse(text); err == nil {
		return u.Redacted()
	}
	return text
}
