package statestore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

var (
	// ErrNotFound means that there is no object of that key.
	ErrNotFound = errors.New("there is no such object")
	// ErrConflict means that the object exists although it must not, or is another version than the one that was read.
	ErrConflict = errors.New("another process wrote it in the meantime")
)

// Root is the directory of everything in this store, relative to the root of the backend.
const Root = ".eks-platform"

// MaxSize is the largest object that is read, in bytes. Objects of this store have a few kilobytes, and the state of a
// large stack some ten megabytes.
const MaxSize = 256 << 20

// Object is what was read.
type Object struct {
	Data []byte
	// Version identifies the content. Two objects with the same content may have the same version, so objects that must be
	// distinguishable contain something random.
	Version string
	// Modified is when this version was written, and Now is when it was read, both by the store's clock: their difference
	// depends on no other clock. Either is zero if the store does not say. S3 gives whole seconds.
	Modified, Now time.Time
}

// Store stores objects under keys that are slash-separated paths. All methods are safe for concurrent use, by goroutines
// and by processes.
type Store interface {
	// Get reads an object: ErrNotFound.
	Get(ctx context.Context, key string) (*Object, error)
	// Put writes an object unconditionally, and returns its version.
	Put(ctx context.Context, key string, data []byte) (string, error)
	// PutIfAbsent writes an object that does not exist yet: ErrConflict.
	PutIfAbsent(ctx context.Context, key string, data []byte) (string, error)
	// PutIfMatch replaces the version that was read: ErrConflict, also if the object is gone. If the response to a
	// successful write is lost, its retry can report a conflict.
	PutIfMatch(ctx context.Context, key string, data []byte, version string) (string, error)
	// Delete removes the version that was read: ErrConflict, or ErrNotFound if it is already gone.
	Delete(ctx context.Context, key, version string) error
	// List returns the keys that begin with a prefix, sorted.
	List(ctx context.Context, prefix string) ([]string, error)
	// String says where the objects are, without query parameters.
	String() string
}

// Option is a setting of Open.
type Option func(*options)

type options struct{ now func() time.Time }

// WithClock sets the clock of a file:// store, by default the system's. An S3 store uses its own time.
func WithClock(now func() time.Time) Option { return func(o *options) { o.now = now } }

// Open opens the store of a state backend, given as for pulumi login: s3://bucket/prefix with the query parameters that
// Pulumi supports, or file://directory. It sends no request.
func Open(ctx context.Context, backendURL string, opts ...Option) (Store, error) {
	o := options{now: time.Now}
	for _, opt := range opts {
		opt(&o)
	}
	if backendURL == "" {
		return nil, errors.New("the URL of the state backend is empty: it must be s3://bucket/prefix or file://directory")
	}
	scheme, _, found := strings.Cut(backendURL, "://")
	if !found {
		return nil, fmt.Errorf("the state backend %q is not a URL: it must be s3://bucket/prefix or file://directory", backendURL)
	}
	switch scheme {
	case "s3":
		return openS3(ctx, backendURL)
	case "file":
		return openFile(backendURL, o.now)
	case "https", "http":
		return nil, errors.New("leases and history are kept only in s3:// and file:// backends; Pulumi Cloud itself locks stacks and keeps their history")
	}
	return nil, fmt.Errorf("leases and history are kept only in s3:// and file:// backends, not in %s://", scheme)
}

// Stack names a stack within its backend.
type Stack struct {
	// Project is the name in Pulumi.yaml.
	Project string `json:"project"`
	// Name is the stack's name, without organization and project.
	Name string `json:"name"`
}

// String returns project/name.
func (s Stack) String() string { return s.Project + "/" + s.Name }

// nameRule is Pulumi's rule for project and stack names.
var nameRule = regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,100}$`)

// Check returns what is wrong with the names, which become parts of keys.
func (s Stack) Check() error {
	for _, n := range []struct{ what, name string }{{"project", s.Project}, {"stack", s.Name}} {
		if !nameRule.MatchString(n.name) || strings.Trim(n.name, ".") == "" {
			return fmt.Errorf("%q is not a valid %s name: it must be up to 100 letters, digits, hyphens, underscores and periods", n.name, n.what)
		}
	}
	return nil
}

// checkKey rejects keys that could leave the root.
func checkKey(key string) error {
	if !fs.ValidPath(key) || key == "." {
		return fmt.Errorf("%q is not a key: it must be a slash-separated path without empty, . and .. parts", key)
	}
	return nil
}

// parameters are a backend URL's query parameters. Unknown ones are rejected at the end, as by Pulumi.
type parameters struct {
	values url.Values
	err    error
}

// take returns a parameter, the first value if there are several, and removes it.
func (p *parameters) take(name string) string {
	value := p.values.Get(name)
	p.values.Del(name)
	return value
}

// flag takes a boolean, by default false.
func (p *parameters) flag(name string) bool {
	switch value := p.take(name); value {
	case "", "0", "f", "F", "false", "False", "FALSE":
		return false
	case "1", "t", "T", "true", "True", "TRUE":
		return true
	default:
		p.fail("%s must be true or false, got %q", name, value)
		return false
	}
}

// choice takes one of several words, ignoring case, by default "".
func (p *parameters) choice(name string, words ...string) string {
	value := p.take(name)
	if value == "" {
		return ""
	}
	for _, w := range words {
		if strings.EqualFold(value, w) {
			return w
		}
	}
	p.fail("%s must be one of %s, got %q", name, strings.Join(words, ", "), value)
	return ""
}

func (p *parameters) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}

// rest returns the first error, or one for a parameter that was not taken.
func (p *parameters) rest() error {
	for _, name := range slices.Sorted(maps.Keys(p.values)) {
		p.fail("unknown parameter %q", name)
	}
	return p.err
}
