package cloud_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

var here = cloud.Scope{Account: "111122223333", Region: "eu-central-1"}

func open(t *testing.T) *cloud.Store {
	t.Helper()
	s, err := cloud.Open(filepath.Join(t.TempDir(), "cloud.db"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func ids(os []*cloud.Object) []string {
	out := []string{}
	for _, o := range os {
		out = append(out, o.ID)
	}
	return out
}

func object(typ, id string, attrs cloud.Attributes) *cloud.Object {
	return &cloud.Object{Scope: here, Type: typ, ID: id, Attributes: attrs}
}

func TestObjectsOutliveTheStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "deep", "cloud.db")
	s, err := cloud.Open(path)
	require.NoError(t, err)
	require.NoError(t, s.Update(func(tx cloud.Tx) error {
		for _, id := range []string{"b", "a"} {
			if err := tx.Put(object("vpc", id, cloud.Attributes{"size": 3, "zones": []string{"x"}, "tags": map[string]string{"k": "v"}})); err != nil {
				return err
			}
		}
		return tx.Put(object("vpcs", "c", nil))
	}))
	var before []*cloud.Object
	require.NoError(t, s.View(func(tx cloud.Tx) error { before = tx.All(); return nil }))
	require.NoError(t, s.Close())

	s, err = cloud.Open(path)
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.View(func(tx cloud.Tx) error {
		assert.Equal(t, before, tx.All(), "an object reads the same before and after the disk")
		assert.Equal(t, []string{"a", "b"}, ids(tx.List(here, "vpc")), "by ID, and of this type only")
		assert.Empty(t, tx.List(cloud.Scope{Account: here.Account}, "vpc"), "another scope")
		return nil
	}))
}

func TestAFailedUpdateLeavesNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	require.NoError(t, s.Update(func(tx cloud.Tx) error {
		if err := tx.Put(object("vpc", "a", cloud.Attributes{"cidr": "old"})); err != nil {
			return err
		}
		group := object("group", "g", nil)
		group.Owner = object("vpc", "a", nil).Key()
		return tx.Put(group)
	}))
	refused := errors.New("refused")
	err := s.Update(func(tx cloud.Tx) error {
		if err := tx.Put(object("vpc", "a", cloud.Attributes{"cidr": "new"})); err != nil {
			return err
		}
		if err := tx.Put(object("vpc", "b", nil)); err != nil {
			return err
		}
		if err := tx.Delete(here, "vpc", "a"); err != nil {
			return err
		}
		if _, ok := tx.Get(here, "group", "g"); ok {
			t.Error("what the VPC owns went with it, inside the transaction")
		}
		return refused
	})
	require.ErrorIs(t, err, refused)
	require.NoError(t, s.View(func(tx cloud.Tx) error {
		o, ok := tx.Get(here, "vpc", "a")
		require.True(t, ok)
		assert.Equal(t, "old", o.Attributes["cidr"])
		assert.Len(t, tx.All(), 2)
		assert.Len(t, tx.Mentions("old"), 1)
		assert.Empty(t, tx.Mentions("new"))
		return nil
	}))
}

func TestDeletingTakesWhatIsOwnedWithIt(t *testing.T) {
	t.Parallel()
	s := open(t)
	require.NoError(t, s.Update(func(tx cloud.Tx) error {
		owner := ""
		for i := range 4 {
			o := object("layer", fmt.Sprint(i), nil)
			o.Owner = owner
			owner = o.Key()
			if err := tx.Put(o); err != nil {
				return err
			}
		}
		return tx.Delete(here, "layer", "1")
	}))
	require.NoError(t, s.View(func(tx cloud.Tx) error {
		assert.Equal(t, []string{"0"}, ids(tx.All()))
		return nil
	}))
}

func TestWhatIsReadIsACopy(t *testing.T) {
	t.Parallel()
	s := open(t)
	require.NoError(t, s.Update(func(tx cloud.Tx) error {
		if err := tx.Put(object("vpc", "a", cloud.Attributes{"list": []any{"x"}})); err != nil {
			return err
		}
		o, _ := tx.Get(here, "vpc", "a")
		o.Attributes["list"].([]any)[0] = "changed"
		again, _ := tx.Get(here, "vpc", "a")
		assert.Equal(t, []any{"x"}, again.Attributes["list"])
		return nil
	}))
}

func TestAViewCannotWrite(t *testing.T) {
	t.Parallel()
	s := open(t)
	assert.ErrorContains(t, s.View(func(tx cloud.Tx) error { return tx.Put(object("vpc", "a", nil)) }), "cannot write")
}

func TestAttributesThatAreNotJSONAreRefusedByPath(t *testing.T) {
	t.Parallel()
	err := open(t).Update(func(tx cloud.Tx) error {
		return tx.Put(object("vpc", "a", cloud.Attributes{"rules": []any{map[string]any{"port": make(chan int)}}}))
	})
	assert.ErrorContains(t, err, "rules[0].port: chan int is not a JSON value")
}

func TestReferrersAreFoundByIDAndARNAlsoInsidePolicies(t *testing.T) {
	t.Parallel()
	s := open(t)
	arn := "arn:aws:logs:eu-central-1:111122223333:log-group:flow"
	group := object("logs", "flow", cloud.Attributes{"arn": arn, "name": "flow"})
	require.NoError(t, s.Update(func(tx cloud.Tx) error {
		hidden := object("hidden:stream", "s", cloud.Attributes{"group": "flow"})
		hidden.Owner = group.Key()
		for _, o := range []*cloud.Object{
			group, hidden,
			object("flowlog", "by-arn", cloud.Attributes{"logDestination": arn}),
			object("policy", "by-document", cloud.Attributes{"policy": `{"Statement":[{"Resource":["` + arn + `:*"]}]}`}),
			object("filter", "by-name", cloud.Attributes{"nested": []any{map[string]any{"group": "flow"}}}),
			object("vpc", "by-tag-only", cloud.Attributes{"tags": map[string]any{"Name": "flow"}}),
		} {
			if err := tx.Put(o); err != nil {
				return err
			}
		}
		return nil
	}))
	require.NoError(t, s.View(func(tx cloud.Tx) error {
		assert.ElementsMatch(t, []string{"by-arn", "by-document", "by-name"}, ids(cloud.Referrers(tx, group)))
		return nil
	}))
}

func TestOneProcessHoldsTheFileAndTheOtherIsToldSo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cloud.db")
	s, err := cloud.Open(path)
	require.NoError(t, err)
	defer s.Close()
	_, err = cloud.Open(path)
	assert.ErrorContains(t, err, "in use by another process")
}

// BenchmarkPut is the cost of one object in a transaction of its own, in a store that already holds n.
func BenchmarkPut(b *testing.B) {
	for _, n := range []int{10, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s, err := cloud.Open(filepath.Join(b.TempDir(), "cloud.db"))
			require.NoError(b, err)
			defer s.Close()
			put := func(tx cloud.Tx, i int) error {
				return tx.Put(object("vpc", fmt.Sprintf("vpc-%07d", i), cloud.Attributes{"cidr": "10.0.0.0/16", "arn": fmt.Sprint("arn", i)}))
			}
			require.NoError(b, s.Update(func(tx cloud.Tx) error {
				for i := range n {
					if err := put(tx, i); err != nil {
						return err
					}
				}
				return nil
			}))
			i := n
			for b.Loop() {
				i++
				require.NoError(b, s.Update(func(tx cloud.Tx) error { return put(tx, i) }))
			}
		})
	}
}
