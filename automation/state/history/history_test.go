package history_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/eks-platform/eks-platform/automation/state/history"
	"github.com/eks-platform/eks-platform/automation/state/statestore"
	"github.com/eks-platform/eks-platform/internal/storetest"
)

func TestMain(m *testing.M) {
	storetest.Credentials()
	os.Exit(m.Run())
}

var (
	dev   = statestore.Stack{Project: "eks-platform", Name: "dev"}
	start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
)

// deploy is a record of a deploy of dev, some minutes after the first one.
func deploy(minutes int) *history.Record {
	return &history.Record{
		Stack: dev, Operation: "up", Actor: "alice", Host: "runner-1", Run: "https://github.com/o/r/actions/runs/1",
		Commit: "0123abc", Program: "v1.2.0", CLI: "v3.250.0", Digest: "sha256:77", Approval: "pull/12", Allowances: []string{"urn:cluster"},
		Changes:     map[string]int{"create": 2, "replace": 1, "same": 80},
		Destructive: []history.Resource{{Op: "replace", Type: "aws:eks/cluster:Cluster", Name: "nonprod", URN: "urn:cluster"}},
		Result:      history.Failed, Failure: &history.Failure{Kind: "provider", Resources: []string{"urn:cluster"}},
		Started: start.Add(time.Duration(minutes) * time.Minute), Duration: 95 * time.Second,
	}
}

func add(t *testing.T, store statestore.Store, r *history.Record) *history.Record {
	t.Helper()
	if err := history.Append(t.Context(), store, r); err != nil {
		t.Fatal(err)
	}
	return r
}

func list(t *testing.T, store statestore.Store, limit int) *history.History {
	t.Helper()
	h, err := history.List(t.Context(), store, dev, limit)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestARecordIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, k *storetest.Kind) {
		store := k.Open(t)
		if h := list(t, store, 0); len(h.Records) != 0 || len(h.Unreadable) != 0 || h.More {
			t.Errorf("before the first deploy: %+v", h)
		}
		r := deploy(0)
		r.Started = start.In(time.FixedZone("", 3600))
		add(t, store, r)
		h := list(t, k.Open(t), 0)
		if len(h.Records) != 1 || !h.Records[0].Started.Equal(r.Started) {
			t.Fatalf("got %+v", h)
		}
		got, want := h.Records[0], *r
		got.Started, want.Started = time.Time{}, time.Time{}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		keys, err := store.List(t.Context(), ".eks-platform/")
		if want := ".eks-platform/history/eks-platform/dev/2026-03-01T090000.000Z-" + r.ID + ".json"; err != nil || len(keys) != 1 || keys[0] != want {
			t.Errorf("it is in %v, %v; want %s", keys, err, want)
		}
		add(t, store, r)
		if h := list(t, store, 0); len(h.Records) != 1 {
			t.Errorf("written twice, there are %d", len(h.Records))
		}
		r.Actor = "mallory"
		if err := history.Append(t.Context(), store, r); !errors.Is(err, statestore.ErrConflict) {
			t.Errorf("rewriting history: %v", err)
		}
	})
}

func TestTheNewestDeploysComeFirstAndThoseOfOtherStacksNotAtAll(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, k *storetest.Kind) {
		store := k.Open(t)
		for _, minutes := range []int{30, 10, 50, 20, 40} {
			add(t, store, deploy(minutes))
		}
		for _, name := range []string{"dev-tokyo", "de", "stg"} {
			other := deploy(60)
			other.Stack.Name = name
			add(t, store, other)
		}
		for limit, want := range map[int]string{0: "50 40 30 20 10", 2: "50 40", 5: "50 40 30 20 10", 9: "50 40 30 20 10"} {
			h := list(t, store, limit)
			var got []string
			for _, r := range h.Records {
				got = append(got, fmt.Sprint(int(r.Started.Sub(start).Minutes())))
			}
			if strings.Join(got, " ") != want || h.More != (limit == 2) {
				t.Errorf("limit %d: %v, more %t", limit, got, h.More)
			}
		}
	})
}

func TestOnlyTheNewestOfManyRecordsAreRead(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock()
	server := storetest.NewS3(t, clock, storetest.Behaviour{})
	store := (&storetest.Kind{URL: server.URL, Clock: clock}).Open(t)
	const deploys = 1010
	for i := range deploys {
		add(t, store, deploy(i))
	}
	before := server.Requests("GET ")
	h := list(t, store, 3)
	if len(h.Records) != 3 || !h.Records[0].Started.Equal(start.Add((deploys-1)*time.Minute)) || !h.More {
		t.Errorf("got %+v", h)
	}
	// Two pages of names, three records.
	if n := server.Requests("GET ") - before; n != 5 {
		t.Errorf("it took %d requests", n)
	}
}

func TestWhatCannotBeReadIsReportedAndHidesNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, k *storetest.Kind) {
		store := k.Open(t)
		first, second := add(t, store, deploy(0)), add(t, store, deploy(30))
		stray := deploy(5)
		add(t, store, stray)
		o, err := store.Get(t.Context(), stray.Key())
		if err != nil {
			t.Fatal(err)
		}
		prefix := strings.TrimSuffix(first.Key(), "2026-03-01T090000.000Z-"+first.ID+".json")
		for name, text := range map[string]string{
			"2026-03-01T091000.000Z-damaged.json": `{"format":1,"id":"dam`,
			"2026-03-01T091500.000Z-newer.json":   `{"format":2,"id":"newer"}`,
			"2026-03-01T091600.000Z-copied.json":  string(o.Data),
			"zz-notes.txt":                        "who put this here",
		} {
			if _, err := store.Put(t.Context(), prefix+name, []byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		if err := store.Delete(t.Context(), stray.Key(), o.Version); err != nil {
			t.Fatal(err)
		}
		h := list(t, store, 2)
		if len(h.Records) != 2 || h.Records[0].ID != second.ID || h.Records[1].ID != first.ID || h.More {
			t.Errorf("got %+v", h.Records)
		}
		if len(h.Unreadable) != 4 || h.Unreadable[0].Key != prefix+"zz-notes.txt" || h.Unreadable[0].Err == nil {
			t.Errorf("reported %+v", h.Unreadable)
		}
	})
}

// forgetful is a store whose objects vanish between their listing and their reading.
type forgetful struct {
	statestore.Store
	err error
}

func (f forgetful) Get(context.Context, string) (*statestore.Object, error) { return nil, f.err }

func TestRecordsThatVanishAreNoTroubleAndAnInterruptIs(t *testing.T) {
	t.Parallel()
	k := &storetest.Kind{URL: "file://" + t.TempDir(), Clock: storetest.NewClock()}
	store := k.Open(t)
	add(t, store, deploy(0))
	h, err := history.List(t.Context(), forgetful{store, statestore.ErrNotFound}, dev, 0)
	if err != nil || len(h.Records)+len(h.Unreadable) != 0 {
		t.Errorf("got %+v, %v", h, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := history.List(ctx, forgetful{store, context.Canceled}, dev, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestARecordWhoseAnswerGotLostIsNotAnError(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, k *storetest.Kind) {
		store := answerLost{k.Open(t)}
		add(t, store, deploy(0))
		if h := list(t, store, 0); len(h.Records) != 1 {
			t.Errorf("got %+v", h)
		}
	})
}

// answerLost writes and then reports what a repeated request meets: its own object.
type answerLost struct{ statestore.Store }

func (a answerLost) PutIfAbsent(ctx context.Context, key string, data []byte) (string, error) {
	if _, err := a.Store.PutIfAbsent(ctx, key, data); err != nil {
		return "", err
	}
	return "", statestore.ErrConflict
}

func TestIncompleteRecordsAreRefusedWithEverythingThatIsWrong(t *testing.T) {
	t.Parallel()
	store := (&storetest.Kind{URL: "file://" + t.TempDir(), Clock: storetest.NewClock()}).Open(t)
	err := history.Append(t.Context(), store, &history.Record{
		ID: "../x", Stack: statestore.Stack{Project: "eks-platform", Name: ".."}, Result: "fine", Duration: -1,
		Failure: &history.Failure{Kind: "AccessDenied: password hunter2 is wrong"},
	})
	for _, want := range []string{"id:", "stack:", "operation:", "actor:", "result:", "failure.kind:", "started:", "duration:"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is missing in: %v", want, err)
		}
	}
	if err != nil && strings.Contains(err.Error(), "hunter2") {
		t.Error("the error repeats the message")
	}
	r := deploy(0)
	r.Result = history.Succeeded
	if err := history.Append(t.Context(), store, r); err == nil || !strings.Contains(err.Error(), "failure:") {
		t.Errorf("a success with a failure: %v", err)
	}
	if keys, err := store.List(t.Context(), ""); err != nil || len(keys) != 0 {
		t.Errorf("written: %v, %v", keys, err)
	}
}

func TestASenselessQuestionIsRefused(t *testing.T) {
	t.Parallel()
	store := (&storetest.Kind{URL: "file://" + t.TempDir(), Clock: storetest.NewClock()}).Open(t)
	if _, err := history.List(t.Context(), store, statestore.Stack{Project: "eks-platform", Name: "../prod"}, 1); err == nil {
		t.Error("a stack that leaves the directory is accepted")
	}
	if _, err := history.List(t.Context(), store, dev, -1); err == nil {
		t.Error("a negative limit is accepted")
	}
}
