package lease

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/eks-platform/eks-platform/automation/state/statestore"
	"github.com/eks-platform/eks-platform/internal/mask"
)

// Holder is who holds a lease, or who broke one.
type Holder struct {
	// Actor is the person or the bot, for example the GitHub user who started the run.
	Actor string `json:"actor"`
	// Host is the machine's name; by default this machine's.
	Host string `json:"host"`
	// Process is the process that sends the heartbeats; by default this process.
	Process Process `json:"process"`
	// Run is the URL of the CI run; empty on a person's own machine.
	Run string `json:"run,omitempty"`
	// Commit is the commit that is deployed.
	Commit string `json:"commit,omitempty"`
}

// here fills in the defaults of this process.
func (h Holder) here() Holder {
	// Everybody who may read the state may read the lease, and what was broken stays.
	h.Actor, h.Run, h.Commit = mask.Text(h.Actor), mask.Address(h.Run), mask.Text(h.Commit)
	if h.Host == "" {
		h.Host = hostname()
	}
	if h.Process == (Process{}) {
		h.Process = thisProcess()
	}
	return h
}

// String describes the holder for people.
func (h Holder) String() string {
	actor := h.Actor
	if actor == "" {
		actor = "somebody"
	}
	return fmt.Sprintf("%s on %s (process %d)", actor, h.Host, h.Process.PID)
}

// Record is a lease as it is in the store.
type Record struct {
	// Format is the version of this layout, 1.
	Format int `json:"format"`
	// ID identifies the lease for its whole life. Nonce is new in every write.
	ID    string `json:"id"`
	Nonce string `json:"nonce"`
	// Stack is what the lease is for.
	Stack statestore.Stack `json:"stack"`
	// Holder is who holds it.
	Holder Holder `json:"holder"`
	// Acquired is when it was taken, Renewed the last heartbeat, and Expires when it ends without another one. In the store
	// they are by the holder's clock. Read and HeldError have the store's time in Renewed and Expires if it reports one.
	Acquired time.Time `json:"acquired"`
	Renewed  time.Time `json:"renewed"`
	Expires  time.Time `json:"expires"`
	// TookOver is the expired lease that this one replaced: its holder never released it, so look for what it left behind.
	TookOver *Record `json:"tookOver,omitempty"`

	// Expired reports whether it could be taken over at the time it was read.
	Expired bool `json:"-"`
	// Dead is the proof that its holder is dead; empty without one.
	Dead string `json:"-"`
}

// ttl is how long the lease is valid after a heartbeat.
func (r *Record) ttl() time.Duration { return r.Expires.Sub(r.Renewed) }

// margin covers the precision of S3's times, which are whole seconds.
const margin = 2 * time.Second

// format is the version of the layout.
const format = 1

// key is the object of a stack's lease.
func key(s statestore.Stack) string {
	return path.Join(statestore.Root, "leases", s.Project, s.Name+".json")
}

// brokenKey is the object of a lease that was broken at a time.
func brokenKey(s statestore.Stack, at time.Time) string {
	return path.Join(statestore.Root, "leases", s.Project, s.Name+".broken", at.UTC().Format("2006-01-02T150405.000000000Z")+".json")
}

// held is a record with what the store knows about it.
type held struct {
	Record
	version string
	// timed reports whether the store reported its time; otherwise expiry is judged by observation.
	timed bool
	valid time.Duration
}

// read reads a stack's record; ErrNotHeld if there is none.
func read(ctx context.Context, store statestore.Store, stack statestore.Stack) (*held, error) {
	o, err := store.Get(ctx, key(stack))
	if errors.Is(err, statestore.ErrNotFound) {
		return nil, fmt.Errorf("the lease of %s: %w", stack, ErrNotHeld)
	}
	if err != nil {
		return nil, fmt.Errorf("read the lease of %s: %w", stack, err)
	}
	h := &held{version: o.Version}
	if err := decode(o.Data, &h.Record); err != nil {
		return nil, &unreadableError{where: store.String() + key(stack), object: o, err: err}
	}
	h.valid = h.ttl()
	if !o.Modified.IsZero() && !o.Now.IsZero() {
		h.timed = true
		h.Renewed, h.Expires = o.Modified, o.Modified.Add(h.valid)
		h.Expired = o.Now.Sub(o.Modified) > h.valid+margin
	}
	h.Dead = h.Holder.Process.dead()
	return h, nil
}

func decode(data []byte, r *Record) error {
	if err := json.Unmarshal(data, r); err != nil {
		return err
	}
	switch {
	case r.Format != format:
		return fmt.Errorf("it has format %d, and this program reads format %d", r.Format, format)
	case r.ID == "" || r.ttl() <= 0:
		return errors.New("it lacks an ID or an expiry time")
	}
	return nil
}

// encode returns the record as it is stored, with a new nonce.
func (r *Record) encode() ([]byte, error) {
	r.Nonce = rand.Text()
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(data, '\n'), nil
}

// Read returns the lease of a stack, expired or not; ErrNotHeld if there is none. It writes nothing.
func Read(ctx context.Context, store statestore.Store, stack statestore.Stack) (*Record, error) {
	if err := stack.Check(); err != nil {
		return nil, err
	}
	h, err := read(ctx, store, stack)
	if err != nil {
		return nil, err
	}
	return &h.Record, nil
}

var (
	// ErrHeld means that somebody else has the lease. The error is a *HeldError.
	ErrHeld = errors.New("the lease is held")
	// ErrLost means that the lease is not this holder's any more.
	ErrLost = errors.New("the lease is lost")
	// ErrNotHeld means that nobody has the lease.
	ErrNotHeld = errors.New("no one holds it")
	// ErrUnreadable means that the record is damaged, or of another version of this program.
	ErrUnreadable = errors.New("the record is unreadable")
	// ErrNoReason means that a lease was to be broken by force without saying why.
	ErrNoReason = errors.New("breaking a lease by force needs a reason")
)

// HeldError says who holds a lease.
type HeldError struct {
	// Record is the lease.
	Record Record
}

// Error says who holds the lease, since when, until when, and in which run.
func (e *HeldError) Error() string {
	r := e.Record
	var b strings.Builder
	fmt.Fprintf(&b, "the lease of %s is held by %s since %s, until %s unless it is renewed", r.Stack, r.Holder, stamp(r.Acquired), stamp(r.Expires))
	if r.Holder.Run != "" {
		b.WriteString(", run " + r.Holder.Run)
	}
	if r.Dead != "" {
		b.WriteString("; its holder is dead and the lease can be broken: " + r.Dead)
	}
	return b.String()
}

// Is makes it an ErrHeld.
func (e *HeldError) Is(target error) bool { return target == ErrHeld }

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// unreadableError is a record that cannot be read.
type unreadableError struct {
	where  string
	object *statestore.Object
	err    error
}

func (e *unreadableError) Error() string {
	return fmt.Sprintf("the lease in %s: %s: %s", e.where, ErrUnreadable, e.err)
}

func (e *unreadableError) Unwrap() []error { return []error{ErrUnreadable, e.err} }
