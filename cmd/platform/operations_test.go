package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheInsideOfAClusterCanBeLeftOutOfEverythingButItsEnd(t *testing.T) {
	t.Parallel()
	project := ""
	offered := map[string]bool{}
	for _, c := range append(newOperations(&terminal{}, &project), newPreview(&terminal{}, &project), newOutputs(&terminal{}, &project)) {
		flag := c.Flags().Lookup("aws-only")
		offered[c.Name()] = flag != nil
		if flag != nil {
			require.NoError(t, c.ParseFlags([]string{"--aws-only"}))
			assert.Equal(t, "false", flag.DefValue)
		}
	}
	assert.Equal(t, map[string]bool{"preview": true, "up": true, "refresh": true, "destroy": false, "outputs": false}, offered)

	o := &operationFlags{awsOnly: true, refresh: true, parallel: 3}
	asked := o.preview(nil)
	assert.True(t, asked.AWSOnly && asked.Refresh)
	assert.Equal(t, 3, asked.Parallel)
}
