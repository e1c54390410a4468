// Package datakey gives the Pulumi CLI the key with which it encrypts the secrets of a rehearsal, which protects nothing: a
// rehearsal holds no secret. The CLI derives a key from a passphrase with a million rounds, in every run, which takes as
// long as a preview's own work; it asks HashiCorp Vault for one in no time, so this answers as Vault's transit engine does.
package datakey

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"time"
)

const (
	// Provider is the secrets provider that a stack file names.
	Provider = "hashivault://rehearsal"
	// EncryptedKey is the key that a stack file holds. Whatever it is, the answer is key.
	EncryptedKey = "cmVoZWFyc2Fs"

	key = "the key of every rehearsal there" // 32 bytes, as AES-256 takes them
)

// Server answers the CLI on this machine.
type Server struct {
	http     http.Server
	listener net.Listener
}

// Serve starts a server on a free local port.
func Serve(ctx context.Context) (*Server, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("serve the key of a rehearsal's secrets: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/v1/transit/decrypt/rehearsal", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"data":{"plaintext":%q}}`, base64.StdEncoding.EncodeToString([]byte(key)))
	})
	s := &Server{http: http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}, listener: l}
	go func() { _ = s.http.Serve(l) }()
	return s, nil
}

// Env is the environment for the CLI to find the server.
func (s *Server) Env() map[string]string {
	return map[string]string{"VAULT_SERVER_URL": "http://" + s.listener.Addr().String(), "VAULT_SERVER_TOKEN": "rehearsal"}
}

// Close ends the server.
func (s *Server) Close() { _ = s.http.Close() }
