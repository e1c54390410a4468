package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"github.com/eks-platform/eks-platform/automation/state/statestore"
)

// metaKey is where the CLI keeps what a whole backend is like, and projectScoped what it says there when the names of stacks
// are scoped by project, which is what it makes of a backend with nothing in it.
const (
	metaKey       = ".pulumi/meta.yaml"
	projectScoped = "version: 1\n"
)

// Create makes a stack as the CLI does, with a state of no resources, and leaves one that is there as it is. It saves a run
// of the CLI where no encryption has to be set up, and needs a store.
func (b *Backend) Create(ctx context.Context) error {
	checkpoint, err := json.Marshal(apitype.CheckpointV3{
		Stack: tokens.QName("organization/" + b.Stack.String()),
		// Without a state, the file would be that of a stack whose state is lost, once a deploy is recorded.
		Latest: &apitype.DeploymentV3{Manifest: apitype.ManifestV1{Time: time.Now()}},
	})
	if err != nil {
		return err
	}
	stack, err := json.Marshal(apitype.VersionedCheckpoint{Version: apitype.DeploymentSchemaVersionCurrent, Checkpoint: checkpoint})
	if err != nil {
		return err
	}
	for _, file := range []struct {
		key  string
		data []byte
	}{{metaKey, []byte(projectScoped)}, {b.stateKey(), stack}} { // without the first, the CLI takes the names for unscoped
		if _, err := b.Store.PutIfAbsent(ctx, file.key, file.data); err != nil && !errors.Is(err, statestore.ErrConflict) {
			return fmt.Errorf("make stack %s: %w", b.Stack, err)
		}
	}
	return nil
}
