package statestore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// s3Store keeps objects in a bucket.
type s3Store struct {
	client     *s3.Client
	bucket     string
	prefix     string // empty, or the prefix of every key
	encryption types.ServerSideEncryption
	kmsKey     string
	// proven reports whether the server was found to honour conditional writes.
	proven atomic.Bool
}

func (s *s3Store) String() string { return "s3://" + s.bucket + "/" + s.prefix }

func (s *s3Store) Get(ctx context.Context, key string) (*Object, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: aws.String(s.prefix + key)})
	if err != nil {
		return nil, s.explain("read", key, err)
	}
	defer out.Body.Close() //nolint:errcheck // read to its end, or given up
	data, err := io.ReadAll(io.LimitReader(out.Body, MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read %s%s: %w", s, key, err)
	}
	if len(data) > MaxSize {
		return nil, fmt.Errorf("read %s%s: it is larger than %d bytes", s, key, MaxSize)
	}
	o := &Object{Data: data, Version: aws.ToString(out.ETag), Modified: aws.ToTime(out.LastModified)}
	if now, ok := awsmiddleware.GetServerTime(out.ResultMetadata); ok {
		o.Now = now
	}
	return o, nil
}

func (s *s3Store) Put(ctx context.Context, key string, data []byte) (string, error) {
	return s.put(ctx, key, data, nil, nil)
}

func (s *s3Store) PutIfAbsent(ctx context.Context, key string, data []byte) (string, error) {
	version, err := s.put(ctx, key, data, nil, aws.String("*"))
	if err != nil {
		return "", err
	}
	return version, s.prove(ctx, key, data)
}

func (s *s3Store) PutIfMatch(ctx context.Context, key string, data []byte, version string) (string, error) {
	if version == "" {
		return "", fmt.Errorf("replace %s%s: the version to replace is required", s, key)
	}
	version, err := s.put(ctx, key, data, &version, nil)
	if err != nil {
		return "", err
	}
	return version, s.prove(ctx, key, data)
}

// neverAnETag is a well-formed ETag that no object has: nothing written here has this MD5.
const neverAnETag = `"00000000000000000000000000000000"`

// prove checks once that a conditional write can fail. It writes what was just written, on a condition that does not hold.
func (s *s3Store) prove(ctx context.Context, key string, data []byte) error {
	if s.proven.Load() {
		return nil
	}
	_, err := s.put(ctx, key, data, aws.String(neverAnETag), nil)
	if errors.Is(err, ErrConflict) {
		s.proven.Store(true)
		return nil
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("%s ignores If-Match, so it cannot keep leases: use Amazon S3, or a server with conditional writes", s)
}

func (s *s3Store) put(ctx context.Context, key string, data []byte, match, noneMatch *string) (string, error) {
	if err := checkKey(key); err != nil {
		return "", err
	}
	in := &s3.PutObjectInput{
		Bucket: &s.bucket, Key: aws.String(s.prefix + key), Body: bytes.NewReader(data), ContentType: aws.String("application/json"),
		IfMatch: match, IfNoneMatch: noneMatch, ServerSideEncryption: s.encryption,
	}
	if s.kmsKey != "" {
		in.SSEKMSKeyId = &s.kmsKey
	}
	out, err := s.client.PutObject(ctx, in)
	if err != nil {
		err = s.explain("write", key, err)
		if errors.Is(err, ErrNotFound) && match != nil {
			return "", fmt.Errorf("write %s%s: %w", s, key, ErrConflict)
		}
		return "", err
	}
	return aws.ToString(out.ETag), nil
}

// Delete compares before it requests a conditional deletion: for servers that ignore the condition, and to distinguish an
// object that was gone before from one that a retry of this request removed.
func (s *s3Store) Delete(ctx context.Context, key, version string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	head, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: aws.String(s.prefix + key)})
	if err != nil {
		return s.explain("delete", key, err)
	}
	if aws.ToString(head.ETag) != version {
		return fmt.Errorf("delete %s%s: %w", s, key, ErrConflict)
	}
	in := &s3.DeleteObjectInput{Bucket: &s.bucket, Key: aws.String(s.prefix + key), IfMatch: &version}
	_, err = s.client.DeleteObject(ctx, in)
	if status(err) == http.StatusNotImplemented {
		in.IfMatch = nil
		_, err = s.client.DeleteObject(ctx, in)
	}
	if err != nil {
		if err = s.explain("delete", key, err); !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return nil
}

func (s *s3Store) List(ctx context.Context, prefix string) ([]string, error) {
	var keys []string
	pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: aws.String(s.prefix + prefix)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, s.explain("list", prefix, err)
		}
		for _, o := range page.Contents {
			keys = append(keys, strings.TrimPrefix(aws.ToString(o.Key), s.prefix))
		}
	}
	slices.Sort(keys)
	return keys, nil
}

// explain classifies S3's answer. A bucket that does not exist is not a missing object.
func (s *s3Store) explain(verb, key string, err error) error {
	var api smithy.APIError
	code := ""
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	switch {
	case code == "NoSuchBucket":
	case code == "NoSuchKey", code == "NotFound", code == "" && status(err) == http.StatusNotFound:
		return fmt.Errorf("%s %s%s: %w", verb, s, key, ErrNotFound)
	case code == "PreconditionFailed", code == "ConditionalRequestConflict", status(err) == http.StatusPreconditionFailed:
		return fmt.Errorf("%s %s%s: %w", verb, s, key, ErrConflict)
	case status(err) == http.StatusNotImplemented:
		return fmt.Errorf("%s %s%s: the server does not support conditional writes: use Amazon S3, or a server that does: %w", verb, s, key, err)
	}
	return fmt.Errorf("%s %s%s: %w", verb, s, key, err)
}

// status is the HTTP status of an error, 0 if the server did not answer.
func status(err error) int {
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) {
		return answer.HTTPStatusCode()
	}
	return 0
}
