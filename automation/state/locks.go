package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"time"

	"github.com/eks-platform/eks-platform/automation/state/lease"
	"github.com/eks-platform/eks-platform/automation/state/statestore"
	"github.com/eks-platform/eks-platform/internal/process"
	"github.com/eks-platform/eks-platform/internal/pulumicli"
)

// Lock is one of Pulumi's locks of a stack.
type Lock struct {
	// Key is the object's key, relative to the root of the backend.
	Key string `json:"key"`
	// User, Host and PID identify the process of the Pulumi CLI that took it.
	User string `json:"user"`
	Host string `json:"host"`
	PID  int    `json:"pid"`
	// Since is when it was taken, by its host's clock.
	Since time.Time `json:"since"`
	// Proof is the proof that its process is gone, and Doubt why that is not proven. One of them is empty.
	Proof string `json:"proof,omitempty"`
	Doubt string `json:"doubt,omitempty"`

	version string
}

// String says who holds the lock, since when, and whether its process is gone.
func (l Lock) String() string {
	text := fmt.Sprintf("locked by %s@%s (process %d) since %s", l.User, l.Host, l.PID, l.Since.UTC().Format("2006-01-02 15:04:05 UTC"))
	if l.Proof != "" {
		return text + "; it is stale: " + l.Proof
	}
	return text + "; " + l.Doubt
}

// Locks reads Pulumi's locks of the stack. The layout is that of pkg/backend/diy/lock.go of Pulumi.
func (b *Backend) Locks(ctx context.Context, prior *lease.Record, now time.Time) ([]Lock, error) {
	if b.Store == nil {
		return nil, nil
	}
	keys, err := b.Store.List(ctx, path.Join(".pulumi/locks/organization", b.Stack.Project, b.Stack.Name)+"/")
	if err != nil {
		return nil, fmt.Errorf("list the locks of %s: %w", b.Stack, err)
	}
	var out []Lock
	for _, key := range keys {
		if path.Ext(key) != ".json" {
			continue // a directory has a file of attributes beside each object
		}
		o, err := b.Store.Get(ctx, key)
		if errors.Is(err, statestore.ErrNotFound) {
			continue // released in the meantime
		}
		if err != nil {
			return nil, fmt.Errorf("read a lock of %s: %w", b.Stack, err)
		}
		var said struct {
			PID       int       `json:"pid"`
			Username  string    `json:"username"`
			Hostname  string    `json:"hostname"`
			Timestamp time.Time `json:"timestamp"`
		}
		l := Lock{Key: key, version: o.Version}
		if err := json.Unmarshal(o.Data, &said); err != nil || said.PID <= 0 || said.Timestamp.IsZero() {
			l.User, l.Host, l.Since, l.Doubt = "somebody", "an unknown host", o.Modified, "the lock is unreadable"
		} else {
			l.User, l.Host, l.PID, l.Since = said.Username, said.Hostname, said.PID, said.Timestamp
			l.prove(strings.HasPrefix(b.Store.String(), "file://"), prior, now)
		}
		out = append(out, l)
	}
	return out, nil
}

// margin covers the different precision of times.
const margin = 2 * time.Second

// prove looks for a proof that the process which holds the lock is gone. An equal host name is none by itself: runners
// and containers share them. It counts where the state is a directory of this machine, and where the lock was taken
// under a lease that this machine held in this boot.
//
// A lease that expired proves that its holder is gone, and not the engine that it started. An engine whose deploy is gone
// ends by itself with the operations that it has begun, and one that was interrupted is killed when its grace is over:
// after that time without a lease it is gone, too.
func (l *Lock) prove(local bool, prior *lease.Record, now time.Time) {
	under := prior != nil && prior.Holder.Host == l.Host && !l.Since.Before(prior.Acquired.Add(-margin)) && !l.Since.After(prior.Expires.Add(margin))
	host, err := os.Hostname()
	switch {
	case err == nil && host == l.Host && (local || under && prior.Holder.Process.Here()):
		if l.Proof = gone(l.PID, l.Since); l.Proof == "" {
			l.Doubt = fmt.Sprintf("process %d is running on this machine", l.PID)
		}
	case under && prior.Expired && now.Sub(prior.Expires) > pulumicli.Grace:
		l.Proof = fmt.Sprintf("it was taken under the lease of %s, which expired %s ago, and an engine ends within %s of its deploy",
			prior.Holder, now.Sub(prior.Expires).Round(time.Minute), pulumicli.Grace)
	case under && prior.Expired:
		l.Doubt = fmt.Sprintf("it was taken under the lease of %s, which has expired; its engine is certainly gone %s after that",
			prior.Holder, pulumicli.Grace)
	case host == l.Host:
		l.Doubt = "its process cannot be proven gone: its host has the same name as this one, which does not prove that it is the same"
	default:
		l.Doubt = "its process cannot be proven gone from here: it is on another host"
	}
}

// gone returns the proof that a process of this machine that was running at a time is gone; "" if it may be running.
func gone(pid int, at time.Time) string {
	now, err := process.Lookup(pid)
	switch {
	case err != nil:
		return ""
	case !now.Exists:
		return fmt.Sprintf("there is no process %d on this machine", pid)
	case now.Zombie:
		return fmt.Sprintf("process %d on this machine has ended", pid)
	case now.Started.After(at.Add(margin)):
		return fmt.Sprintf("process %d on this machine is a different process, which started at %s", pid, now.Started.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	return ""
}

// Unlock removes a lock, if it is still the one that was read.
func (b *Backend) Unlock(ctx context.Context, l Lock) error {
	err := b.Store.Delete(ctx, l.Key, l.version)
	b.removeAttributes(ctx, l.Key)
	return err
}

// removeAttributes removes the attributes file of an object that was removed or replaced.
func (b *Backend) removeAttributes(ctx context.Context, key string) {
	if o, err := b.Store.Get(ctx, key+attributesSuffix); err == nil {
		_ = b.Store.Delete(ctx, key+attributesSuffix, o.Version)
	}
}
