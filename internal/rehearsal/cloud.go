package rehearsal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/eks-platform/eks-platform/internal/rehearsal/aws"
	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// Options say what a Cloud is like. Nothing in them touches a real account.
type Options struct {
	// Dir is where the cloud lives on disk, made when it does not exist. Required. Clouds that are to outlive a run
	// are opened on the same directory again.
	Dir string
	// Account is the AWS account that programs call from. Empty: any that their provider allows.
	Account string
	// Latency says how long operations take. Default nil: no time at all.
	Latency Latency
	// Interceptors stand in front of every operation, after Latency. Default none.
	Interceptors []Interceptor
	// Faults go wrong on purpose, before the latency of their operation. Default none.
	Faults []Fault
}

// Cloud is a rehearsal cloud. It is safe for concurrent use.
type Cloud struct {
	options      Options
	store        *cloud.Store
	interceptors []Interceptor
	faults       []*armed

	mu       sync.Mutex
	timeline []Operation
}

// Exists reports whether a directory holds a cloud.
func Exists(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, storeFile))
	return err == nil
}

// storeFile is the store's name in Options.Dir.
const storeFile = "cloud.db"

// Open opens a cloud. One process at a time can hold a directory.
func Open(options Options) (*Cloud, error) {
	if options.Dir == "" {
		return nil, errors.New("open rehearsal cloud: no directory")
	}
	store, err := cloud.Open(filepath.Join(options.Dir, storeFile))
	if err != nil {
		return nil, err
	}
	c := &Cloud{options: options, store: store}
	for _, f := range options.Faults {
		a := &armed{Fault: f}
		c.faults = append(c.faults, a)
		c.interceptors = append(c.interceptors, a)
	}
	if options.Latency != nil {
		c.interceptors = append(c.interceptors, delays{options.Latency})
	}
	c.interceptors = append(c.interceptors, options.Interceptors...)
	return c, nil
}

// Close lets go of the directory; what exists stays on disk.
func (c *Cloud) Close() error { return c.store.Close() }

// Store returns the cloud's memory.
func (c *Cloud) Store() *cloud.Store { return c.store }

// Objects returns everything that exists, also what AWS made by itself ("hidden:" types), ordered by account,
// region, type and ID; without the keys that it was told of. The result is a copy.
func (c *Cloud) Objects() ([]*cloud.Object, error) {
	var out []*cloud.Object
	err := c.store.View(func(tx cloud.Tx) error { out = tx.All(); return nil })
	return slices.DeleteFunc(out, func(o *cloud.Object) bool { return o.Type == aws.NamedKey }), err
}

// Know tells the cloud of KMS keys that somebody else has made, by their ARNs.
func (c *Cloud) Know(keys ...string) error {
	if len(keys) == 0 {
		return nil
	}
	return c.store.Update(func(tx cloud.Tx) error {
		for _, key := range keys {
			if err := aws.PutNamedKey(tx, key); err != nil {
				return err
			}
		}
		return nil
	})
}

// Change edits an object behind Pulumi's back, which a refresh then finds as drift. An object has one set of tags:
// "tags".
func (c *Cloud) Change(scope cloud.Scope, typ, id string, edit func(cloud.Attributes)) error {
	return c.store.Update(func(tx cloud.Tx) error {
		o, ok := tx.Get(scope, typ, id)
		if !ok {
			return fmt.Errorf("rehearsal cloud: no %s %s in account %s, region %q", typ, id, scope.Account, scope.Region)
		}
		edit(o.Attributes)
		return tx.Put(o)
	})
}

// Remove deletes an object, and what it owns, behind Pulumi's back.
func (c *Cloud) Remove(scope cloud.Scope, typ, id string) error {
	return c.store.Update(func(tx cloud.Tx) error {
		if _, ok := tx.Get(scope, typ, id); !ok {
			return fmt.Errorf("rehearsal cloud: no %s %s in account %s, region %q", typ, id, scope.Account, scope.Region)
		}
		return tx.Delete(scope, typ, id)
	})
}

// Reset deletes everything that exists and forgets the timeline.
func (c *Cloud) Reset() error {
	c.ForgetTimeline()
	return c.store.Update(func(tx cloud.Tx) error {
		for _, o := range tx.All() {
			if err := tx.Delete(o.Scope, o.Type, o.ID); err != nil {
				return err
			}
		}
		return nil
	})
}
