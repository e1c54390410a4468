package engine_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
)

// A cluster has one access entry for each principal, whichever environment made it.
func TestWhatAnotherEnvironmentHasIsRefusedInThePreview(t *testing.T) {
	t.Parallel()
	t.Run("of one that is deployed later", func(t *testing.T) {
		t.Parallel()
		e := frozenStands(t).copied(t, edits{
			"dev": {"role/dev-developer", "role/stg-developer"}, "stg": {"role/stg-developer", "role/stg-other"},
		})
		r, err := e.platform().Preview(t.Context(), "dev", automation.PreviewOptions{})
		require.ErrorIs(t, err, automation.ErrRefused)
		assert.ErrorContains(t, err, "stg has this now, as ")
		assert.ErrorContains(t, err, "clusterName: nonprod, principalArn: arn:aws:iam::111111111111:role/stg-developer")
		assert.ErrorContains(t, err, "take it out of Pulumi.stg.yaml and deploy stg first")
		assert.False(t, r.Succeeded())
		assert.NotEmpty(t, r.Errors, "the report leads with it")
	})
	t.Run("of one that is deployed before", func(t *testing.T) {
		t.Parallel()
		e := frozenStands(t).copied(t, edits{
			"dev": {"role/dev-developer", "role/dev-other"}, "stg": {"role/stg-developer", "role/dev-developer"},
		})
		r, err := e.platform().Preview(t.Context(), "stg", automation.PreviewOptions{})
		require.NoError(t, err)
		require.NotEmpty(t, r.Warnings)
		assert.Contains(t, r.Warnings[0].String(), "deploy dev first, whose stack file must no longer have it")

		_, err = e.platform().Preview(t.Context(), "stg", automation.PreviewOptions{UpNext: true})
		assert.True(t, errors.Is(err, automation.ErrRefused), "%v", err)

		_, err = e.platform().Up(t.Context(), "dev", automation.UpOptions{})
		require.NoError(t, err)
		_, err = e.platform().Preview(t.Context(), "stg", automation.PreviewOptions{UpNext: true})
		assert.NoError(t, err, "dev has given it up")
	})
}
