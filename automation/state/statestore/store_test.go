package statestore_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eks-platform/eks-platform/automation/state/statestore"
	"github.com/eks-platform/eks-platform/internal/storetest"
)

func TestMain(m *testing.M) {
	storetest.Credentials()
	os.Exit(m.Run())
}

const key = ".eks-platform/things/one.json"

func TestAnObjectIsReadAsItWasWrittenWithItsVersionAndTheStoresTimes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, k *storetest.Kind) {
		s := k.Open(t)
		if _, err := s.Get(t.Context(), key); !errors.Is(err, statestore.ErrNotFound) {
			t.Fatalf("before it was written: %v", err)
		}
		written := k.Clock.Now()
		version, err := s.Put(t.Context(), key, []byte(`{"n":1}`))
		if err != nil {
			t.Fatal(err)
		}
		k.Clock.Advance(90 * time.Second)
		o, err := k.Open(t).Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if string(o.Data) != `{"n":1}` || o.Version != version || version == "" {
			t.Errorf("read %q in version %q, wrote version %q", o.Data, o.Version, version)
		}
		if !o.Modified.Equal(written) || !o.Now.Equal(written.Add(90*time.Second)) {
			t.Errorf("modified %s, now %s, written %s", o.Modified, o.Now, written)
		}
	})
}

func TestConditionalWritesAndDeletionsHoldToTheVersionThatWasRead(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, k *storetest.Kind) {
		ctx, s := t.Context(), k.Open(t)
		conflict := func(what string, err error) {
			t.Helper()
			if !errors.Is(err, statestore.ErrConflict) {
				t.Errorf("%s: %v", what, err)
			}
		}
		_, err := s.PutIfMatch(ctx, key, []byte("x"), `"0123456789abcdef0123456789abcdef"`)
		conflict("replacing what does not exist", err)
		first, err := s.PutIfAbsent(ctx, key, []byte("first"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.PutIfAbsent(ctx, key, []byte("another"))
		conflict("creating what exists", err)
		second, err := s.PutIfMatch(ctx, key, []byte("second"), first)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.PutIfMatch(ctx, key, []byte("third"), first)
		conflict("replacing an old version", err)
		conflict("deleting an old version", s.Delete(ctx, key, first))
		if o, err := s.Get(ctx, key); err != nil || string(o.Data) != "second" {
			t.Fatalf("after all that: %v, %v", o, err)
		}
		if err := s.Delete(ctx, key, second); err != nil {
			t.Fatal(err)
		}
		if err := s.Delete(ctx, key, second); !errors.Is(err, statestore.ErrNotFound) {
			t.Errorf("deleting what is gone: %v", err)
		}
		if _, err := s.PutIfAbsent(ctx, key, []byte("again")); err != nil {
			t.Errorf("creating what was deleted: %v", err)
		}
	})
}

func TestOneOfManyWritersWins(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, k *storetest.Kind) {
		for round := range 20 {
			name := fmt.Sprintf(".eks-platform/race/%02d", round)
			var wins []string
			var mu sync.Mutex
			var writers sync.WaitGroup
			for w := range 4 {
				s, data := k.Open(t), fmt.Sprint("writer ", w)
				writers.Go(func() {
					_, err := s.PutIfAbsent(t.Context(), name, []byte(data))
					mu.Lock()
					defer mu.Unlock()
					switch {
					case err == nil:
						wins = append(wins, data)
					case !errors.Is(err, statestore.ErrConflict):
						t.Error(err)
					}
				})
			}
			writers.Wait()
			o, err := k.Open(t).Get(t.Context(), name)
			if err != nil || len(wins) != 1 || string(o.Data) != wins[0] {
				t.Fatalf("round %d: %v won, %v, %v", round, wins, o, err)
			}
		}
	})
}

func TestKeysAreListedSortedAndWithoutTheRoot(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, k *storetest.Kind) {
		ctx, s := t.Context(), k.Open(t)
		if keys, err := s.List(ctx, ".eks-platform/h/"); err != nil || len(keys) != 0 {
			t.Fatalf("of nothing: %v, %v", keys, err)
		}
		want := []string{".eks-platform/h/dev/1.json", ".eks-platform/h/dev/2.json"}
		for _, name := range []string{want[1], want[0], ".eks-platform/h/dev-tokyo/1.json", ".eks-platform/other"} {
			if _, err := s.Put(ctx, name, []byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		keys, err := s.List(ctx, ".eks-platform/h/dev/")
		if err != nil || !slices.Equal(keys, want) {
			t.Errorf("got %v, %v", keys, err)
		}
		all, err := s.List(ctx, ".eks-platform/")
		if err != nil || len(all) != 4 {
			t.Errorf("the store's own files are listed: %v, %v", all, err)
		}
	})
}

func TestKeysThatLeaveTheRootAreRefused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, k *storetest.Kind) {
		s := k.Open(t)
		for _, bad := range []string{"", ".", "../x", "a/../../x", "/etc/passwd", "a//b"} {
			if _, err := s.Put(t.Context(), bad, nil); err == nil {
				t.Errorf("%q was written", bad)
			}
			if _, err := s.Get(t.Context(), bad); err == nil || errors.Is(err, statestore.ErrNotFound) {
				t.Errorf("%q was read: %v", bad, err)
			}
		}
	})
}

func TestAListOfManyObjectsTakesSeveralPages(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock()
	server := storetest.NewS3(t, clock, storetest.Behaviour{})
	s := (&storetest.Kind{URL: server.URL, Clock: clock}).Open(t)
	for i := range 1005 {
		if _, err := s.Put(t.Context(), fmt.Sprintf(".eks-platform/many/%04d", i), []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	keys, err := s.List(t.Context(), ".eks-platform/many/")
	if err != nil || len(keys) != 1005 || keys[1004] != ".eks-platform/many/1004" {
		t.Errorf("got %d keys, %v", len(keys), err)
	}
	if n := server.Requests("GET /" + storetest.Bucket + "?"); n != 2 {
		t.Errorf("it took %d requests", n)
	}
}

func TestAServerThatIgnoresConditionsIsRefused(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock()
	server := storetest.NewS3(t, clock, storetest.Behaviour{Unconditional: true})
	s := (&storetest.Kind{URL: server.URL, Clock: clock}).Open(t)
	_, err := s.PutIfAbsent(t.Context(), key, []byte("x"))
	if err == nil || errors.Is(err, statestore.ErrConflict) || !strings.Contains(err.Error(), "ignores If-Match") {
		t.Errorf("got %v", err)
	}
}

func TestADeletionThatChangedInBetweenIsAConflictWhereTheServerHonoursConditions(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock()
	var meddle func()
	server := storetest.NewS3(t, clock, storetest.Behaviour{ConditionalDelete: true, Before: func(r *http.Request) {
		if r.Method == http.MethodDelete && meddle != nil {
			f := meddle
			meddle = nil
			f()
		}
	}})
	s := (&storetest.Kind{URL: server.URL, Clock: clock}).Open(t)
	version, err := s.Put(t.Context(), key, []byte("mine"))
	if err != nil {
		t.Fatal(err)
	}
	// The comparison before the deletion still sees the version; the deletion itself comes too late.
	meddle = func() {
		if _, err := s.Put(context.Background(), key, []byte("theirs")); err != nil {
			t.Error(err)
		}
	}
	if err := s.Delete(t.Context(), key, version); !errors.Is(err, statestore.ErrConflict) {
		t.Errorf("got %v", err)
	}
	if o, err := s.Get(t.Context(), key); err != nil || string(o.Data) != "theirs" {
		t.Errorf("theirs is gone: %v", err)
	}
}

func TestAMissingBucketIsNotAMissingObject(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock()
	server := storetest.NewS3(t, clock, storetest.Behaviour{})
	s, err := statestore.Open(t.Context(), strings.Replace(server.URL, "s3://"+storetest.Bucket, "s3://nobodys", 1))
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Get(t.Context(), key)
	if err == nil || errors.Is(err, statestore.ErrNotFound) || !strings.Contains(err.Error(), "NoSuchBucket") {
		t.Errorf("got %v", err)
	}
}

func TestObjectsLieBelowThePrefixWherePulumiHasItsOwn(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock()
	server := storetest.NewS3(t, clock, storetest.Behaviour{})
	for backend, path := range map[string]string{
		server.URL:                    "/state/team/nonprod/" + key,
		server.URL + "&prefix=all%2F": "/state/all/team/nonprod/" + key,
		strings.Replace(server.URL, "/team/nonprod", "", 1): "/state/" + key,
	} {
		s, err := statestore.Open(t.Context(), backend)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Put(t.Context(), key, []byte("x")); err != nil {
			t.Fatal(err)
		}
		if server.Requests("PUT "+path) != 1 {
			t.Errorf("%s: %d objects were written to %s", backend, server.Requests("PUT "+path), path)
		}
	}
}

func TestParametersOfTheBackendURLReachTheRequests(t *testing.T) {
	t.Parallel()
	seen := make(chan *http.Request, 10)
	server := storetest.NewS3(t, storetest.NewClock(), storetest.Behaviour{Before: func(r *http.Request) { seen <- r }})
	bare := strings.TrimPrefix(server.Endpoint, "http://")
	for _, query := range []string{
		"region=eu-north-1&ssetype=AWS:KMS&kmskeyid=alias%2Fstate&s3ForcePathStyle=true&awssdk=v2&disableSSL=true&endpoint=" + bare,
		"region=eu-north-1&ssetype=aws:kms&kmskeyid=alias%2Fstate&hostname_immutable=true&rate_limiter_capacity=100" +
			"&request_checksum_calculation=when_required&endpoint=" + url.QueryEscape(server.Endpoint),
	} {
		s, err := statestore.Open(t.Context(), "s3://"+storetest.Bucket+"?"+query)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Put(t.Context(), key, []byte("x")); err != nil {
			t.Fatal(err)
		}
		r := <-seen
		if r.URL.Path != "/"+storetest.Bucket+"/"+key {
			t.Errorf("path %s", r.URL.Path)
		}
		if !strings.Contains(r.Header.Get("Authorization"), "/eu-north-1/s3/") {
			t.Errorf("signed for %s", r.Header.Get("Authorization"))
		}
		if r.Header.Get("X-Amz-Server-Side-Encryption") != "aws:kms" || r.Header.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id") != "alias/state" {
			t.Errorf("encryption %v", r.Header)
		}
	}
}

func TestBackendsThatCannotHoldObjectsAreRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for backend, want := range map[string]string{
		"":                                      "the URL of the state backend is empty",
		"bucket/prefix":                         "not a URL",
		"gs://bucket":                           "only in s3:// and file:// backends, not in gs://",
		"azblob://container":                    "only in s3:// and file:// backends, not in azblob://",
		"https://user:hunter2@api.pulumi.com":   "Pulumi Cloud",
		"s3:///prefix?region=eu-west-1":         "names no bucket",
		"s3://bucket":                           "has no region",
		"s3://bucket?region=eu-west-1&regoin=x": `unknown parameter "regoin"`,
		"s3://bucket?region=eu-west-1&fips=perhaps":  "fips must be true or false",
		"s3://bucket?region=eu-west-1&role=deploy":   "role must be an ARN",
		"s3://bucket?region=eu-west-1&ssetype=rot13": "ssetype must be one of AES256",
		"file://" + dir + "/missing":                 "no such file",
		"file://" + file:                             "is not a directory",
		"file://" + dir + "?color=red":               `unknown parameter "color"`,
	} {
		_, err := statestore.Open(t.Context(), backend)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", backend, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error repeats the password", backend)
		}
	}
}

func TestADirectoryIsSpelledAsForPulumiLogin(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Chdir(home)
	for _, d := range []string{"state", "a b"} {
		if err := os.Mkdir(filepath.Join(home, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for backend, dir := range map[string]string{
		"file://~":                                "",
		"file://~/state":                          "state",
		"file://state":                            "state",
		"file://./state?no_tmp_dir=true":          "state",
		"file://" + home + "/a%20b":               "a b",
		"file://" + home + "/new?create_dir=true": "new",
	} {
		s, err := statestore.Open(t.Context(), backend)
		if err != nil {
			t.Errorf("%s: %v", backend, err)
			continue
		}
		if _, err := s.Put(t.Context(), key, []byte(backend)); err != nil {
			t.Errorf("%s: %v", backend, err)
		}
		if data, err := os.ReadFile(filepath.Join(home, dir, key)); err != nil || string(data) != backend {
			t.Errorf("%s: %q, %v", backend, data, err)
		}
	}
}

func TestReadingADirectoryWritesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := statestore.Open(t.Context(), "file://"+dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), key); !errors.Is(err, statestore.ErrNotFound) {
		t.Error(err)
	}
	if _, err := s.List(t.Context(), ".eks-platform/"); err != nil {
		t.Error(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("found %v, %v", entries, err)
	}
}

func TestWhatAKilledWriterLeftIsIgnored(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := statestore.Open(t.Context(), "file://"+dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), key, []byte("whole")); err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(dir, key) + ".tmp"
	if err := os.WriteFile(half, []byte("much longer than what comes next"), 0o600); err != nil {
		t.Fatal(err)
	}
	if keys, err := s.List(t.Context(), ".eks-platform/"); err != nil || !slices.Equal(keys, []string{key}) {
		t.Errorf("listed %v, %v", keys, err)
	}
	if _, err := s.Put(t.Context(), key, []byte("next")); err != nil {
		t.Fatal(err)
	}
	if o, err := s.Get(t.Context(), key); err != nil || string(o.Data) != "next" {
		t.Errorf("%v, %v", o, err)
	}
	if _, err := os.Stat(half); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}

func TestWaitingForADirectorysLockCanBeGivenUp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	// The first writer's clock is read inside the lock; it stays there until the second has given up.
	first, err := statestore.Open(t.Context(), "file://"+dir, statestore.WithClock(func() time.Time {
		cancel()
		second, err := statestore.Open(ctx, "file://"+dir)
		if err != nil {
			t.Error(err)
		} else if _, err := second.Put(ctx, key, []byte("second")); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		return time.Now()
	}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.Put(t.Context(), key, []byte("first")); err != nil {
		t.Fatal(err)
	}
}

func TestNamesThatCannotBeStacksAreRefused(t *testing.T) {
	t.Parallel()
	for _, good := range []statestore.Stack{{"eks-platform", "dev"}, {"p", "feature_x.1"}} {
		if err := good.Check(); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []statestore.Stack{{"", "dev"}, {"p", ""}, {"p", ".."}, {"p", "a/b"}, {"org/p", "dev"}, {"p", strings.Repeat("x", 101)}} {
		if bad.Check() == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}
