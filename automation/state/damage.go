package state

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/eks-platform/eks-platform/automation/state/history"
	"github.com/eks-platform/eks-platform/automation/state/statestore"
	"github.com/eks-platform/eks-platform/internal/plural"
)

// Damage is a file of the backend that the Pulumi CLI cannot read, or must not take for the state.
type Damage struct {
	// File is the object's key, relative to the root of the backend, and Problem what is wrong with it.
	File    string `json:"file"`
	Problem string `json:"problem"`
	// Expendable files can be removed without losing anything, as a repair does. A state is never expendable.
	Expendable bool `json:"expendable,omitempty"`
	// Copy is the newest intact copy of a state, made at CopyMade with CopyResources resources; empty if there is none.
	Copy          string    `json:"copy,omitempty"`
	CopyMade      time.Time `json:"copyMade,omitzero"`
	CopyResources int       `json:"copyResources,omitempty"`

	version string // of the file; empty if it is missing
}

// String says what is wrong and how to fix it.
func (d Damage) String() string {
	text := d.File + " " + d.Problem
	switch {
	case d.Expendable:
		return text + ": a repair removes it without losing anything"
	case d.Copy == "":
		return text + "; the backend has no intact copy of it: restore the file from a backup"
	}
	return fmt.Sprintf("%s; the newest intact copy is %s of %s, with %s", text, d.Copy, d.CopyMade.UTC().Format("2006-01-02 15:04:05 UTC"), plural.Of(d.CopyResources, "resource"))
}

// attributesSuffix ends the name of the file that gocloud.dev/blob/fileblob, through which the CLI opens a directory, keeps
// beside each object. The CLI reads an object without it, but not one whose attributes are incomplete. It is written in
// place just before the object, so a kill between the two leaves an empty one.
const attributesSuffix = ".attrs"

// stateKey is where the CLI keeps the state of a stack. The layout is that of pkg/backend/diy/store.go of Pulumi.
func (b *Backend) stateKey() string { return b.below("stacks") + ".json" }

// below is the stack's part of one of the CLI's directories.
func (b *Backend) below(dir string) string {
	return path.Join(".pulumi", dir, b.Stack.Project, b.Stack.Name)
}

// Damage looks for damage that keeps the CLI from reading the stack. If whole, it checks everything of the stack, otherwise
// only what every command reads.
func (b *Backend) Damage(ctx context.Context, whole bool) ([]Damage, error) {
	if b.Store == nil {
		return nil, nil
	}
	var out []Damage
	if strings.HasPrefix(b.Store.String(), "file://") {
		found, err := b.damagedAttributes(ctx, whole)
		if err != nil {
			return nil, err
		}
		out = found
	}
	d, err := b.damagedState(ctx)
	if err != nil {
		return nil, err
	}
	if d != nil {
		out = append(out, *d)
	}
	return out, nil
}

// writing is longer than a live engine takes to write a file of attributes.
const writing = 300 * time.Millisecond

// damagedAttributes looks for incomplete files of attributes.
func (b *Backend) damagedAttributes(ctx context.Context, whole bool) ([]Damage, error) {
	keys := []string{metaKey + attributesSuffix, b.stateKey() + attributesSuffix}
	if whole {
		keys = keys[:1]
		for _, prefix := range []string{
			b.stateKey(), b.below("history") + "/", b.below("backups") + "/", path.Join(".pulumi/locks/organization", b.Stack.String()) + "/",
		} {
			more, err := b.Store.List(ctx, prefix)
			if err != nil {
				return nil, err
			}
			keys = append(keys, more...)
		}
	}
	var out []Damage
	for _, key := range keys {
		if !strings.HasSuffix(key, attributesSuffix) {
			continue
		}
		o, err := b.Store.Get(ctx, key)
		if err == nil && !json.Valid(o.Data) {
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(writing):
			}
			o, err = b.Store.Get(ctx, key)
		}
		switch {
		case errors.Is(err, statestore.ErrNotFound):
		case err != nil:
			return nil, err
		case !json.Valid(o.Data):
			out = append(out, Damage{File: key, Problem: "is " + sizeOf(o.Data) + ", so the Pulumi CLI cannot read the file beside it", Expendable: true, version: o.Version})
		}
	}
	return out, nil
}

func sizeOf(data []byte) string {
	if len(bytes.TrimSpace(data)) == 0 {
		return "empty"
	}
	return "incomplete"
}

// damagedState checks the state itself. One compressed with Zstandard is left to the CLI.
func (b *Backend) damagedState(ctx context.Context) (*Damage, error) {
	key := b.stateKey()
	o, err := b.Store.Get(ctx, key)
	if errors.Is(err, statestore.ErrNotFound) {
		variants, err := b.Store.List(ctx, key)
		if err != nil {
			return nil, err
		}
		if slices.Contains(variants, key+".zst") {
			return nil, nil
		}
		if slices.Contains(variants, key+".gz") {
			key += ".gz"
			if o, err = b.Store.Get(ctx, key); err != nil {
				return nil, err
			}
		}
	} else if err != nil {
		return nil, err
	}
	d := &Damage{File: key}
	if o == nil {
		// Removing a stack also removes its history.
		if updates, err := b.updates(ctx); err != nil || updates == 0 {
			return nil, err
		}
		d.Problem = "is missing, although the history has updates of the stack"
	} else {
		d.version = o.Version
		switch resources, err := stateIn(key, o.Data); {
		case len(bytes.TrimSpace(o.Data)) == 0:
			d.Problem = "is empty"
		case err != nil:
			d.Problem = "cannot be read: " + err.Error()
		case resources == nil:
			known, err := b.deployed(ctx)
			if err != nil || !known {
				return nil, err
			}
			d.Problem = "contains no state, although the history has updates of the stack"
		default:
			return nil, nil
		}
	}
	return d, b.findCopy(ctx, d)
}

// updates counts the updates in Pulumi's own history.
func (b *Backend) updates(ctx context.Context) (int, error) {
	keys, err := b.Store.List(ctx, b.below("history")+"/")
	n := 0
	for _, key := range keys {
		if strings.Contains(key, ".history.json") && !strings.HasSuffix(key, attributesSuffix) {
			n++
		}
	}
	return n, err
}

// deployed reports whether a history, Pulumi's or that of deploys, has updates.
func (b *Backend) deployed(ctx context.Context) (bool, error) {
	if n, err := b.updates(ctx); err != nil || n > 0 {
		return n > 0, err
	}
	h, err := history.List(ctx, b.Store, b.Stack, 1)
	if err != nil {
		return false, err
	}
	return len(h.Records)+len(h.Unreadable) > 0, nil
}

// candidates is how many of the newest copies in one directory are checked.
const candidates = 3

// findCopy looks for the newest intact copy of a state: the CLI's copy from before its last write, and those that it makes
// before updates and keeps with the history.
func (b *Backend) findCopy(ctx context.Context, d *Damage) error {
	base := b.stateKey()
	keys := []string{base + ".bak", base + ".gz.bak"}
	for _, dir := range []string{b.below("history"), b.below("backups")} {
		found, err := b.Store.List(ctx, dir+"/")
		if err != nil {
			return err
		}
		found = slices.DeleteFunc(found, func(key string) bool {
			plain := strings.TrimSuffix(key, ".gz")
			return !strings.HasSuffix(plain, ".json") || strings.HasSuffix(plain, ".history.json")
		})
		keys = append(keys, found[max(0, len(found)-candidates):]...)
	}
	for _, key := range keys {
		o, err := b.Store.Get(ctx, key)
		if errors.Is(err, statestore.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		resources, err := stateIn(strings.TrimSuffix(key, ".bak"), o.Data)
		if err == nil && resources != nil && !o.Modified.Before(d.CopyMade) {
			d.Copy, d.CopyMade, d.CopyResources = key, o.Modified, *resources
		}
	}
	return nil
}

// stateIn counts the resources of a state, as the CLI writes it. A nil state has no resources without saying so: the CLI
// takes it for that of a new stack.
func stateIn(key string, data []byte) (*int, error) {
	if strings.HasSuffix(key, ".gz") {
		r, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		if data, err = io.ReadAll(io.LimitReader(r, statestore.MaxSize)); err != nil {
			return nil, err
		}
	}
	var file *struct {
		Checkpoint *struct {
			Latest *struct {
				Resources []struct{} `json:"resources"`
			} `json:"latest"`
		} `json:"checkpoint"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, err
	}
	if file == nil || file.Checkpoint == nil || file.Checkpoint.Latest == nil {
		return nil, nil
	}
	n := len(file.Checkpoint.Latest.Resources)
	return &n, nil
}

// Remove removes an expendable damaged file.
func (b *Backend) Remove(ctx context.Context, d Damage) error {
	if !d.Expendable {
		return fmt.Errorf("%s is not expendable", d.File)
	}
	if err := b.Store.Delete(ctx, d.File, d.version); err != nil && !errors.Is(err, statestore.ErrNotFound) {
		return fmt.Errorf("remove %s: %w", d.File, err)
	}
	return nil
}

// Restore replaces a damaged state by its copy, and keeps the damaged file.
func (b *Backend) Restore(ctx context.Context, d Damage) error {
	if old, err := b.Store.Get(ctx, d.File); err == nil {
		kept := path.Join(statestore.Root, "damaged", b.Stack.String(), time.Now().UTC().Format("20060102T150405.000000000")+"-"+path.Base(d.File))
		if _, err := b.Store.Put(ctx, kept, old.Data); err != nil {
			return err
		}
	}
	o, err := b.Store.Get(ctx, d.Copy)
	if err != nil {
		return err
	}
	// A compressed copy goes to the name for compressed states; the CLI takes the newer of the two.
	to := b.stateKey()
	if strings.HasSuffix(strings.TrimSuffix(d.Copy, ".bak"), ".gz") {
		to += ".gz"
	}
	if _, err := b.Store.Put(ctx, to, o.Data); err != nil {
		return err
	}
	b.removeAttributes(ctx, to)
	if d.version != "" && to != d.File {
		return b.Store.Delete(ctx, d.File, d.version)
	}
	return nil
}
