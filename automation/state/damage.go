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
	// File is the object, below the root of the backend, and Problem what is wrong with it.
	File    string `json:"file"`
	Problem string `json:"problem"`
	// Expendable files are removed by a repair: nothing is lost with them. A state is not among them.
	Expendable bool `json:"expendable,omitempty"`
	// Copy is the newest whole copy of a state, made at CopyMade with CopyResources resources; empty when there is none.
	Copy          string    `json:"copy,omitempty"`
	CopyMade      time.Time `json:"copyMade,omitzero"`
	CopyResources int       `json:"copyResources,omitempty"`

	version string // of the file; empty when it is missing
}

// String says what is wrong and what helps.
func (d Damage) String() string {
	text := d.File + " " + d.Problem
	switch {
	case d.Expendable:
		return text + ": a repair removes it, and loses nothing by that"
	case d.Copy == "":
		return text + "; there is no whole copy of it in the backend: restore the file from a backup of your own"
	}
	return fmt.Sprintf("%s; the newest whole copy is %s of %s, with %s", text, d.Copy, d.CopyMade.UTC().Format("2006-01-02 15:04:05 UTC"), plural.Of(d.CopyResources, "resource"))
}

// attributesSuffix ends the name of the file that gocloud.dev/blob/fileblob, through which the CLI opens a directory, keeps
// beside each object. The CLI reads an object without it, and none with one that is not whole. It is written in place just
// before the object, so that a kill between the two leaves an empty one.
const attributesSuffix = ".attrs"

// stateKey is where the CLI keeps the state of a stack. The layout is that of pkg/backend/diy/store.go of Pulumi.
func (b *Beside) stateKey() string { return b.below("stacks") + ".json" }

// below is the part of one of the CLI's directories that belongs to the stack.
func (b *Beside) below(dir string) string {
	return path.Join(".pulumi", dir, b.Stack.Project, b.Stack.Name)
}

// Damage looks for what keeps the CLI from reading the stack. The whole look is into everything of the stack, the quick one
// into what every command reads.
func (b *Beside) Damage(ctx context.Context, whole bool) ([]Damage, error) {
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

// writing is longer than the moment in which an engine that is alive writes a file of attributes.
const writing = 300 * time.Millisecond

// damagedAttributes looks for files of attributes that are not whole.
func (b *Beside) damagedAttributes(ctx context.Context, whole bool) ([]Damage, error) {
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
			out = append(out, Damage{File: key, Problem: "is " + sizeOf(o.Data) + ", and the Pulumi CLI does not read the file beside it", Expendable: true, version: o.Version})
		}
	}
	return out, nil
}

func sizeOf(data []byte) string {
	if len(bytes.TrimSpace(data)) == 0 {
		return "empty"
	}
	return "not whole"
}

// damagedState looks at the state itself. One that is compressed with zstandard is the CLI's to read.
func (b *Beside) damagedState(ctx context.Context) (*Damage, error) {
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
		// Removing a stack removes its history, too.
		if updates, err := b.updates(ctx); err != nil || updates == 0 {
			return nil, err
		}
		d.Problem = "is missing, and the history knows updates of the stack"
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
			d.Problem = "holds no state, and the history knows updates of the stack"
		default:
			return nil, nil
		}
	}
	return d, b.findCopy(ctx, d)
}

// updates counts the updates in Pulumi's own history.
func (b *Beside) updates(ctx context.Context) (int, error) {
	keys, err := b.Store.List(ctx, b.below("history")+"/")
	n := 0
	for _, key := range keys {
		if strings.Contains(key, ".history.json") && !strings.HasSuffix(key, attributesSuffix) {
			n++
		}
	}
	return n, err
}

// deployed reports whether a history, Pulumi's or that of deploys, knows of updates.
func (b *Beside) deployed(ctx context.Context) (bool, error) {
	if n, err := b.updates(ctx); err != nil || n > 0 {
		return n > 0, err
	}
	h, err := history.List(ctx, b.Store, b.Stack, 1)
	if err != nil {
		return false, err
	}
	return len(h.Records)+len(h.Unreadable) > 0, nil
}

// candidates is how many of the newest copies in one place are looked at.
const candidates = 3

// findCopy looks for the newest whole copy of a state: the CLI's copy from before its last write, those that it makes before
// updates and keeps with the history.
func (b *Beside) findCopy(ctx context.Context, d *Damage) error {
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

// stateIn counts the resources of a state, as the CLI writes it. Nil is a state that holds none and does not say so: the CLI
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

// Remove removes a damaged file that nothing is lost with.
func (b *Beside) Remove(ctx context.Context, d Damage) error {
	if !d.Expendable {
		return fmt.Errorf("%s is not expendable", d.File)
	}
	if err := b.Store.Delete(ctx, d.File, d.version); err != nil && !errors.Is(err, statestore.ErrNotFound) {
		return fmt.Errorf("remove %s: %w", d.File, err)
	}
	return nil
}

// Restore puts the copy of a damaged state in its place. What was there is kept.
func (b *Beside) Restore(ctx context.Context, d Damage) error {
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
	// A copy that is compressed goes to the name that says so, and the CLI takes the newest of the two.
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
