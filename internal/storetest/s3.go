package storetest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// Bucket is the bucket that an S3 server has.
const Bucket = "state"

// S3 is an S3 server in the test's process.
type S3 struct {
	// URL is a backend URL, as pulumi login takes it.
	URL string
	// Endpoint is the server's own address.
	Endpoint string

	mu       sync.Mutex
	requests []string
}

// Behaviour is what an S3 server does differently from the simplest one.
type Behaviour struct {
	// ConditionalDelete honours If-Match on deletions, as Amazon S3 does.
	ConditionalDelete bool
	// Unconditional ignores all conditions, as old servers do.
	Unconditional bool
	// Before is called with every request before it is handled; nil for nothing.
	Before func(*http.Request)
}

// NewS3 starts a server whose clock is the given one, with an empty bucket.
func NewS3(t *testing.T, clock *Clock, b Behaviour) *S3 {
	t.Helper()
	backend := s3mem.New(s3mem.WithTimeSource(clockSource{clock}))
	if err := backend.CreateBucket(Bucket); err != nil {
		t.Fatal(err)
	}
	fake := gofakes3.New(backend,
		gofakes3.WithTimeSource(clockSource{clock}), gofakes3.WithTimeSkewLimit(0),
		gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	s := &S3{}
	var conditional sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b.Before != nil {
			b.Before(r)
		}
		s.mu.Lock()
		s.requests = append(s.requests, r.Method+" "+r.URL.RequestURI())
		s.mu.Unlock()
		w.Header().Set("Date", clock.Now().UTC().Format(http.TimeFormat))
		if b.Unconditional {
			r.Header.Del("If-Match")
			r.Header.Del("If-None-Match")
		}
		if b.ConditionalDelete && r.Method != http.MethodGet && r.Method != http.MethodHead {
			conditional.Lock()
			defer conditional.Unlock()
			if match := r.Header.Get("If-Match"); r.Method == http.MethodDelete && match != "" {
				key := strings.TrimPrefix(r.URL.Path, "/"+Bucket+"/")
				object, err := backend.HeadObject(Bucket, key)
				switch {
				case err != nil:
					http.Error(w, `<Error><Code>NoSuchKey</Code></Error>`, http.StatusNotFound)
					return
				case gofakes3.FormatETag(object.Hash) != match:
					http.Error(w, `<Error><Code>PreconditionFailed</Code></Error>`, http.StatusPreconditionFailed)
					return
				}
			}
		}
		fake.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.Endpoint = server.URL
	s.URL = "s3://" + Bucket + "/team/nonprod?region=eu-west-1&use_path_style=true&endpoint=" + url.QueryEscape(server.URL)
	return s
}

// Requests returns how many requests began with a method and a path.
func (s *S3) Requests(prefix string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, r := range s.requests {
		if strings.HasPrefix(r, prefix) {
			n++
		}
	}
	return n
}

// clockSource is the time of the server's objects.
type clockSource struct{ *Clock }

func (c clockSource) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

// Credentials sets what the AWS SDK needs for a server that accepts everybody, and keeps it from looking for more. Call
// it in TestMain.
func Credentials() {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_S3": "", "AWS_REGION": "", "AWS_DEFAULT_REGION": "",
		"AWS_CA_BUNDLE": "",
	} {
		if err := os.Setenv(name, value); err != nil {
			panic(err) // there is no test to fail yet
		}
	}
}
