package automation

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation/plan"
)

func (r *rig) digest(program string) string {
	r.t.Helper()
	preview, err := r.Preview(r.t.Context(), "prod", PreviewOptions{})
	require.NoError(r.t, err)
	id, err := r.Identity(r.t.Context(), "prod", program)
	require.NoError(r.t, err)
	d := preview.Digest(id)
	require.Len(r.t, d, 64)
	return d
}

func TestADigestIdentifiesOnePreviewOfOneProgramAndStackFile(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	creates := r.digest("")
	assert.Equal(t, creates, r.digest(""), "two previews of the same")
	assert.NotEqual(t, creates, r.digest("another program"))
	r.up("prod")
	assert.NotEqual(t, creates, r.digest(""), "nothing is left to be done")

	r.configure("prod", "boxes: [a, b]", "colour: blue", "shape: cube")
	change := r.digest("")
	assert.Equal(t, change, r.digest(""))
	r.configure("prod", "boxes: [a, b]", "colour: green", "shape: cube")
	assert.NotEqual(t, change, r.digest(""), "another value")
	r.configure("prod", "boxes: [a, b]", "colour: blue", "shape: ball")
	assert.NotEqual(t, change, r.digest(""), "a replacement")
	r.configure("prod", "boxes: [a]", "colour: blue", "shape: cube")
	assert.NotEqual(t, change, r.digest(""), "a deletion")
	r.configure("prod", "boxes: [a, b]", "colour: blue", "shape: cube", "unused: true")
	assert.NotEqual(t, change, r.digest(""), "another stack file")
	r.configure("prod", "boxes: [a, b]", "colour: blue", "shape: cube")
	assert.Equal(t, change, r.digest(""), "and back")
	r.boxes.Paint("a", "pink")
	assert.Equal(t, change, r.digest(""), "drift does not count before a refresh")

	failed, err := func() (*plan.Result, error) {
		r.configure("prod", "boxes: [a, b]", "colour: blue", "shape: cube", "broken: true")
		return r.Preview(t.Context(), "prod", PreviewOptions{})
	}()
	require.Error(t, err)
	assert.Empty(t, failed.Digest(plan.Identity{}), "a preview that failed saw only a part")
}
