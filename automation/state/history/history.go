package history

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/eks-platform/eks-platform/automation/state/statestore"
)

// Append writes the record of a deploy, and fills in its Format and ID. Writing the same record twice is harmless.
func Append(ctx context.Context, store statestore.Store, r *Record) error {
	if err := r.complete(); err != nil {
		return fmt.Errorf("the record of a deploy is incomplete: %w", err)
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("the record of a deploy of %s: %w", r.Stack, err)
	}
	data = append(data, '\n')
	_, err = store.PutIfAbsent(ctx, r.Key(), data)
	if errors.Is(err, statestore.ErrConflict) {
		if there, reading := store.Get(ctx, r.Key()); reading == nil && bytes.Equal(there.Data, data) {
			return nil // the response to the first attempt got lost
		}
	}
	if err != nil {
		return fmt.Errorf("write the record of a deploy of %s: %w", r.Stack, err)
	}
	return nil
}

// History is the latest deploys of a stack.
type History struct {
	// Records are the deploys, newest first.
	Records []Record
	// Unreadable are objects among them that cannot be read.
	Unreadable []Unreadable
	// More reports whether there are older ones.
	More bool
}

// Unreadable is an object that is not a readable record: damaged, from a newer version of this program, or without
// permission to read it.
type Unreadable struct {
	// Key is the object's key.
	Key string
	// Err says what is wrong with it.
	Err error
}

// List returns the newest deploys of a stack, at most limit; 0 returns all. Unreadable objects are reported and do not
// count.
func List(ctx context.Context, store statestore.Store, stack statestore.Stack, limit int) (*History, error) {
	if err := stack.Check(); err != nil {
		return nil, err
	}
	if limit < 0 {
		return nil, fmt.Errorf("the limit must not be negative, got %d", limit)
	}
	keys, err := store.List(ctx, dir(stack))
	if err != nil {
		return nil, fmt.Errorf("the history of %s: %w", stack, err)
	}
	h := &History{}
	for _, key := range slices.Backward(keys) {
		if limit > 0 && len(h.Records) == limit {
			h.More = true
			break
		}
		r, err := read(ctx, store, stack, key)
		switch {
		case err == nil:
			h.Records = append(h.Records, *r)
		case ctx.Err() != nil:
			return nil, fmt.Errorf("the history of %s: %w", stack, ctx.Err())
		case errors.Is(err, statestore.ErrNotFound): // removed after it was listed
		default:
			h.Unreadable = append(h.Unreadable, Unreadable{Key: key, Err: err})
		}
	}
	return h, nil
}

// read reads one record and checks that it has its own key.
func read(ctx context.Context, store statestore.Store, stack statestore.Stack, key string) (*Record, error) {
	o, err := store.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	r := &Record{}
	if err := json.Unmarshal(o.Data, r); err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	if r.Stack != stack || r.Key() != key {
		return nil, fmt.Errorf("it contains the record %s", r.Key())
	}
	return r, nil
}
