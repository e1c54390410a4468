package spelling_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/eks-platform/eks-platform/internal/spelling"
)

func TestNearestNamesAreCloseAndOtherwiseNone(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "zones", spelling.Nearest("Zonez", []string{"cidr", "zones"}))
	assert.Equal(t, "nat", spelling.Nearest("nta", []string{"protect", "nat"}))
	assert.Equal(t, "bat", spelling.Nearest("cat", []string{"hat", "bat"}), "the first in the alphabet")
	assert.Empty(t, spelling.Nearest("completely", []string{"cidr", "zones"}))
}
