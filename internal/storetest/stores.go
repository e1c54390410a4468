package storetest

import (
	"testing"

	"github.com/eks-platform/eks-platform/automation/state/statestore"
)

// Kind is one kind of backend.
type Kind struct {
	// URL is the backend's URL.
	URL string
	// Clock is the time of the store.
	Clock *Clock
}

// Open opens the store anew, as another process would.
func (k *Kind) Open(t *testing.T) statestore.Store {
	t.Helper()
	s, err := statestore.Open(t.Context(), k.URL, statestore.WithClock(k.Clock.Now))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Each runs a test against every kind of store: a directory, S3 as Amazon's, and an S3 server that ignores conditions on
// deletions.
func Each(t *testing.T, test func(t *testing.T, k *Kind)) {
	t.Helper()
	kinds := []struct {
		name string
		url  func(*testing.T, *Clock) string
	}{
		{"in a directory", func(t *testing.T, _ *Clock) string { return "file://" + t.TempDir() }},
		{"in S3", func(t *testing.T, c *Clock) string { return NewS3(t, c, Behaviour{ConditionalDelete: true}).URL }},
		{"in S3 without conditional deletions", func(t *testing.T, c *Clock) string { return NewS3(t, c, Behaviour{}).URL }},
	}
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			clock := NewClock()
			test(t, &Kind{URL: kind.url(t, clock), Clock: clock})
		})
	}
}
