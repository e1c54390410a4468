package rules_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/estatetest"
)

func TestTheTestsThatThePageOfKindsNamesExist(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(estatetest.Root(), "docs/reliability.md"))
	require.NoError(t, err)
	declared := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	require.NoError(t, filepath.WalkDir(estatetest.Root(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		raw, err := os.ReadFile(path)
		for _, m := range function.FindAllStringSubmatch(string(raw), -1) {
			declared[m[1]] = true
		}
		return err
	}))
	named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(string(page), -1)
	assert.NotEmpty(t, named)
	for _, m := range named {
		assert.True(t, declared[m[1]], "docs/reliability.md names %s, which is no test", m[1])
	}
}
