package state

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/eks-platform/eks-platform/automation/state/statestore"
)

// Backend is the state backend of one stack: Pulumi's files and locks, and the lease and the history stored beside them.
type Backend struct {
	// Stack identifies the stack.
	Stack statestore.Stack
	// Store is nil in backends that have none; Without then says why, and what replaces it.
	Store   statestore.Store
	Without string
}

// Open opens the store beside a stack's state, in the backend at a URL as for pulumi login. It sends no request.
func Open(ctx context.Context, stack statestore.Stack, backend string) (*Backend, error) {
	b := &Backend{Stack: stack}
	switch scheme, _, _ := strings.Cut(backend, "://"); scheme {
	case "s3", "file":
		var err error
		if b.Store, err = statestore.Open(ctx, backend); err != nil {
			return nil, err
		}
	case "https", "http":
		b.Without = "the stack has no lease and no deploy history beside its state: Pulumi Cloud itself locks it and keeps the history of updates"
	default:
		b.Without = fmt.Sprintf("the stack has no lease and no deploy history beside its state: they are kept only in s3:// and file:// "+
			"backends, not in %s://; only Pulumi's own lock protects it", scheme)
	}
	return b, nil
}

// Where says where the store is, without credentials of the URL.
func (b *Backend) Where() string {
	if b.Store == nil {
		return ""
	}
	text := b.Store.String()
	if u, err := url.Parse(text); err == nil {
		return u.Redacted()
	}
	return text
}
