package state

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// Exists reports whether the backend has a state of the stack where the CLI keeps it. False does not mean that there is no
// such stack: only the CLI knows where the others are, those of old backends and of Pulumi Cloud.
func (b *Backend) Exists(ctx context.Context) (bool, error) {
	files, err := b.stateFiles(ctx)
	return len(files) > 0, err
}

// Deployment returns the stack's state as pulumi stack export does, its secrets encrypted, without a run of the CLI. It is
// nil where only the CLI can tell what the state is: there is none, it is compressed or damaged, or of another version of the format.
func (b *Backend) Deployment(ctx context.Context) (*apitype.UntypedDeployment, error) {
	files, err := b.stateFiles(ctx)
	if err != nil || len(files) != 1 || files[0] != b.stateKey() {
		return nil, err
	}
	o, err := b.Store.Get(ctx, files[0])
	if err != nil {
		return nil, err
	}
	var file struct {
		Version    int      `json:"version"`
		Features   []string `json:"features"`
		Checkpoint struct {
			Latest json.RawMessage `json:"latest"`
		} `json:"checkpoint"`
	}
	if json.Unmarshal(o.Data, &file) != nil ||
		file.Version < apitype.DeploymentSchemaVersionCurrent || file.Version > apitype.DeploymentSchemaVersionLatest ||
		len(file.Checkpoint.Latest) == 0 || string(file.Checkpoint.Latest) == "null" {
		return nil, nil
	}
	return &apitype.UntypedDeployment{Version: file.Version, Features: file.Features, Deployment: file.Checkpoint.Latest}, nil
}

// stateFiles returns the keys of the stack's state. There are several after its compression was switched on or off: the CLI
// takes the newest.
func (b *Backend) stateFiles(ctx context.Context) ([]string, error) {
	if b.Store == nil {
		return nil, nil
	}
	keys, err := b.Store.List(ctx, b.stateKey())
	return slices.DeleteFunc(keys, func(key string) bool {
		suffix := strings.TrimPrefix(key, b.stateKey())
		return suffix != "" && suffix != ".gz" && suffix != ".zst"
	}), err
}
