package statestore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fileStore keeps objects in a directory.
type fileStore struct {
	root    string // an absolute path
	prefix  string // before every key
	create  bool
	dirMode fs.FileMode
	now     func() time.Time
}

// lockKey is the file that writers lock. It is never removed: otherwise two writers could lock two files of the same name.
const lockKey = Root + "/lock"

// tmpSuffix ends the names of files that have not been renamed into place yet.
const tmpSuffix = ".tmp"

// openFile opens file://directory as the Pulumi CLI does: after the scheme comes a path, relative to the working directory
// unless it begins with a slash or ~. The query parameters are those of gocloud.dev/blob/fileblob.
func openFile(backendURL string, now func() time.Time) (Store, error) {
	text, query, _ := strings.Cut(strings.TrimPrefix(backendURL, "file://"), "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("the state backend file://%s: %w", text, err)
	}
	q := &parameters{values: values}
	s := &fileStore{prefix: q.take("prefix"), create: q.take("create_dir") != "", dirMode: 0o777, now: now}
	if mode := q.take("dir_file_mode"); mode != "" {
		m, err := strconv.ParseUint(mode, 10, 32)
		if err != nil {
			q.fail("dir_file_mode must be a decimal number, got %q", mode)
		}
		s.dirMode = fs.FileMode(m)
	}
	for _, ignored := range []string{"no_tmp_dir", "metadata", "base_url", "secret_key_path"} {
		q.take(ignored)
	}
	if err := q.rest(); err != nil {
		return nil, fmt.Errorf("the state backend file://%s: %w", text, err)
	}
	dir, err := url.PathUnescape(text)
	if err != nil {
		return nil, fmt.Errorf("the state backend file://%s: %w", text, err)
	}
	if rest, home := strings.CutPrefix(dir, "~"); home && (rest == "" || rest[0] == '/') {
		base, err := os.UserHomeDir()
		if err != nil {
			return nil, fmt.Errorf("the state backend file://%s: %w", text, err)
		}
		dir = base + rest
	}
	if s.root, err = filepath.Abs(filepath.FromSlash(dir)); err != nil {
		return nil, fmt.Errorf("the state backend file://%s: %w", text, err)
	}
	info, err := os.Stat(s.root)
	switch {
	case errors.Is(err, fs.ErrNotExist) && s.create:
	case err != nil:
		return nil, fmt.Errorf("the state backend file://%s: %w", text, err)
	case !info.IsDir():
		return nil, fmt.Errorf("the state backend file://%s: %s is not a directory", text, s.root)
	}
	return s, nil
}

func (s *fileStore) String() string { return "file://" + filepath.ToSlash(s.root) + "/" + s.prefix }

func (s *fileStore) path(key string) string {
	return filepath.Join(s.root, filepath.FromSlash(s.prefix+key))
}

func (s *fileStore) Get(_ context.Context, key string) (*Object, error) {
	if err := checkKey(s.prefix + key); err != nil {
		return nil, err
	}
	f, err := os.Open(s.path(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read %s%s: %w", s, key, ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	// The time is that of the opened file: another one may have taken its name since.
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > MaxSize {
		return nil, fmt.Errorf("read %s%s: it is larger than %d bytes", s, key, MaxSize)
	}
	return &Object{Data: data, Version: hash(data), Modified: info.ModTime(), Now: s.now()}, nil
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func (s *fileStore) Put(ctx context.Context, key string, data []byte) (string, error) {
	return s.put(ctx, key, data, func(*Object) bool { return true })
}

func (s *fileStore) PutIfAbsent(ctx context.Context, key string, data []byte) (string, error) {
	return s.put(ctx, key, data, func(old *Object) bool { return old == nil })
}

func (s *fileStore) PutIfMatch(ctx context.Context, key string, data []byte, version string) (string, error) {
	return s.put(ctx, key, data, func(old *Object) bool { return old != nil && old.Version == version })
}

// put writes an object if the existing one may be replaced.
func (s *fileStore) put(ctx context.Context, key string, data []byte, may func(old *Object) bool) (string, error) {
	err := s.exclusively(ctx, key, func(old *Object) error {
		if !may(old) {
			return fmt.Errorf("write %s%s: %w", s, key, ErrConflict)
		}
		return s.write(s.path(key), data)
	})
	if err != nil {
		return "", err
	}
	return hash(data), nil
}

func (s *fileStore) Delete(ctx context.Context, key, version string) error {
	return s.exclusively(ctx, key, func(old *Object) error {
		switch {
		case old == nil:
			return fmt.Errorf("delete %s%s: %w", s, key, ErrNotFound)
		case old.Version != version:
			return fmt.Errorf("delete %s%s: %w", s, key, ErrConflict)
		}
		return os.Remove(s.path(key))
	})
}

// exclusively calls do with the current content of a key, nil if there is none, while no other process writes.
func (s *fileStore) exclusively(ctx context.Context, key string, do func(old *Object) error) error {
	if err := checkKey(s.prefix + key); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(s.path(lockKey)), s.dirMode); err != nil {
		return err
	}
	unlock, err := lock(ctx, s.path(lockKey))
	if err != nil {
		return fmt.Errorf("lock %s%s: %w", s, lockKey, err)
	}
	defer unlock()
	old, err := s.Get(ctx, key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	return do(old)
}

// write replaces a file by a complete one.
func (s *fileStore) write(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), s.dirMode); err != nil {
		return err
	}
	// Only one process writes at a time: what is here was left by a killed one.
	tmp := name + tmpSuffix
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		// Get returns two times, both from the same clock.
		now := s.now()
		err = os.Chtimes(tmp, now, now)
	}
	if err == nil {
		err = os.Rename(tmp, name)
	}
	if err != nil {
		_ = os.Remove(tmp)
	}
	return err
}

func (s *fileStore) List(ctx context.Context, prefix string) ([]string, error) {
	full := s.prefix + prefix
	dir := filepath.Join(s.root, filepath.FromSlash(path.Dir(full+"x")))
	var keys []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // nothing was written yet, or it was deleted in the meantime
		}
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		rel, err := filepath.Rel(s.root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.Type().IsRegular() && strings.HasPrefix(rel, full) && !strings.HasSuffix(rel, tmpSuffix) && rel != s.prefix+lockKey {
			keys = append(keys, strings.TrimPrefix(rel, s.prefix))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list %s%s: %w", s, prefix, err)
	}
	slices.Sort(keys)
	return keys, nil
}
