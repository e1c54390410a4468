package cloud

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

var objectsBucket = []byte("objects")

// lockTimeout is how long Open waits for another process to let go of the file.
const lockTimeout = 2 * time.Second

// shelf is what List walks: the objects of one type in one scope.
type shelf struct {
	scope Scope
	typ   string
}

// Store is the rehearsal cloud's memory. Objects are held decoded in memory and written through to one file, so that
// reading costs no parsing and a later process finds everything. It is safe for concurrent use; an Update excludes
// every other transaction. One process can hold the file at a time.
type Store struct {
	mu      sync.RWMutex
	db      *bolt.DB
	objects map[string]*Object
	shelves map[shelf][]*Object        // ordered by ID
	owned   map[string]map[string]bool // owner's key -> keys
	mention map[string]map[string]bool // string in attributes -> keys of the objects that hold it
	undo    []func()                   // how to take back the running Update
	dirty   map[string]bool            // keys that the running Update touched
}

// Open opens the store in a file, which is made when it does not exist, along with its directory. Writes reach the
// operating system, not the disk: they survive the end of the process in any form, but not a power cut, which is
// enough for a rehearsal and much faster.
func Open(path string) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("rehearsal cloud: %w", err)
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: lockTimeout, NoSync: true, NoGrowSync: true, NoFreelistSync: true})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("rehearsal cloud %s is in use by another process; wait for it to end or choose another directory", path)
	}
	if err != nil {
		return nil, fmt.Errorf("rehearsal cloud %s: %w", path, err)
	}
	s := &Store{
		db: db, objects: map[string]*Object{}, shelves: map[shelf][]*Object{},
		owned: map[string]map[string]bool{}, mention: map[string]map[string]bool{}, dirty: map[string]bool{},
	}
	err = db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(objectsBucket)
		if err != nil {
			return err
		}
		return b.ForEach(func(_, v []byte) error {
			o := &Object{}
			if err := json.Unmarshal(v, o); err != nil {
				return err
			}
			s.add(o)
			return nil
		})
	})
	if err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("read rehearsal cloud %s: %w", path, err)
	}
	return s, nil
}

// Close writes what is left and lets go of the file.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.db.Close()
}

// View runs f on the store as it is; f must not Put or Delete, and must not start another transaction.
func (s *Store) View(f func(Tx) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return f(&transaction{store: s, readOnly: true})
}

// Update runs f and keeps what it wrote, unless it returns an error: then nothing of it has happened. f must not
// start another transaction.
func (s *Store) Update(f func(Tx) error) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	done := false
	defer func() {
		if !done || err != nil {
			for _, back := range slices.Backward(s.undo) {
				back()
			}
		}
		s.undo = s.undo[:0]
		clear(s.dirty)
	}()
	if err = f(&transaction{store: s}); err == nil {
		err = s.persist()
	}
	done = true
	return err
}

// persist writes the objects that the running Update touched.
func (s *Store) persist() error {
	if len(s.dirty) == 0 {
		return nil
	}
	err := s.db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket(objectsBucket)
		for key := range s.dirty {
			o, ok := s.objects[key]
			if !ok {
				if err := b.Delete([]byte(key)); err != nil {
					return err
				}
				continue
			}
			v, err := json.Marshal(o)
			if err != nil {
				return err
			}
			if err := b.Put([]byte(key), v); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write rehearsal cloud: %w", err)
	}
	return nil
}

func byID(o *Object, id string) int { return strings.Compare(o.ID, id) }

// add puts an object into memory and every index; there must be none under its key.
func (s *Store) add(o *Object) {
	key := o.Key()
	s.objects[key] = o
	at := shelf{o.Scope, o.Type}
	i, _ := slices.BinarySearchFunc(s.shelves[at], o.ID, byID)
	s.shelves[at] = slices.Insert(s.shelves[at], i, o)
	if o.Owner != "" {
		enter(s.owned, o.Owner, key)
	}
	mentions(o.Attributes, func(text string) { enter(s.mention, text, key) })
}

// drop takes an object out of memory and every index.
func (s *Store) drop(o *Object) {
	key := o.Key()
	delete(s.objects, key)
	at := shelf{o.Scope, o.Type}
	if i, found := slices.BinarySearchFunc(s.shelves[at], o.ID, byID); found {
		s.shelves[at] = slices.Delete(s.shelves[at], i, i+1)
	}
	if o.Owner != "" {
		leave(s.owned, o.Owner, key)
	}
	mentions(o.Attributes, func(text string) { leave(s.mention, text, key) })
}

func enter(index map[string]map[string]bool, name, key string) {
	if index[name] == nil {
		index[name] = map[string]bool{}
	}
	index[name][key] = true
}

func leave(index map[string]map[string]bool, name, key string) {
	delete(index[name], key)
	if len(index[name]) == 0 {
		delete(index, name)
	}
}

// replace swaps what is stored under a key inside an Update; before or after may be nil.
func (s *Store) replace(key string, before, after *Object) {
	if before != nil {
		s.drop(before)
	}
	if after != nil {
		s.add(after)
	}
	s.dirty[key] = true
	s.undo = append(s.undo, func() {
		if after != nil {
			s.drop(after)
		}
		if before != nil {
			s.add(before)
		}
	})
}

// transaction implements Tx.
type transaction struct {
	store    *Store
	readOnly bool
}

func (t *transaction) Get(scope Scope, typ, id string) (*Object, bool) {
	o, ok := t.store.objects[(&Object{Scope: scope, Type: typ, ID: id}).Key()]
	if !ok {
		return nil, false
	}
	return o.Clone(), true
}

func (t *transaction) List(scope Scope, typ string) []*Object {
	return clones(t.store.shelves[shelf{scope, typ}])
}

func (t *transaction) All() []*Object {
	out := make([]*Object, 0, len(t.store.objects))
	for _, o := range t.store.objects {
		out = append(out, o.Clone())
	}
	slices.SortFunc(out, byKey)
	return out
}

func (t *transaction) Owned(o *Object) []*Object {
	return t.store.named(t.store.owned[o.Key()])
}

func (t *transaction) Mentions(text string) []*Object {
	return t.store.named(t.store.mention[text])
}

// errReadOnly is a mistake of the caller: View cannot write.
var errReadOnly = errors.New("rehearsal cloud: a View transaction cannot write")

func (t *transaction) Put(o *Object) error {
	if t.readOnly {
		return errReadOnly
	}
	if o.Type == "" || o.ID == "" {
		return fmt.Errorf("rehearsal cloud: an object needs a type and an ID, got type %q and ID %q", o.Type, o.ID)
	}
	attrs, err := normalize(o.Attributes, "")
	if err != nil {
		return fmt.Errorf("rehearsal cloud: %s %s: %w", o.Type, o.ID, err)
	}
	after := *o
	after.Attributes, _ = attrs.(map[string]any)
	key := o.Key()
	t.store.replace(key, t.store.objects[key], &after)
	return nil
}

func (t *transaction) Delete(scope Scope, typ, id string) error {
	if t.readOnly {
		return errReadOnly
	}
	key := (&Object{Scope: scope, Type: typ, ID: id}).Key()
	o, ok := t.store.objects[key]
	if !ok {
		return nil
	}
	t.store.replace(key, o, nil)
	for _, child := range t.store.named(t.store.owned[key]) {
		if err := t.Delete(child.Scope, child.Type, child.ID); err != nil {
			return err
		}
	}
	return nil
}

// named returns copies of the objects with these keys, ordered by key.
func (s *Store) named(keys map[string]bool) []*Object {
	out := make([]*Object, 0, len(keys))
	for k := range keys {
		if o, ok := s.objects[k]; ok {
			out = append(out, o.Clone())
		}
	}
	slices.SortFunc(out, byKey)
	return out
}

func byKey(a, b *Object) int { return strings.Compare(a.Key(), b.Key()) }

func clones(os []*Object) []*Object {
	out := make([]*Object, len(os))
	for i, o := range os {
		out[i] = o.Clone()
	}
	return out
}
