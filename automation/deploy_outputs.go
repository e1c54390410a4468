package automation

import (
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// outputs notes whether what the stack publishes changes. An update that only does that has no steps, and must be
// carried out nevertheless: other stacks read it.
func (c *collector) outputs(e events.EngineEvent) {
	if e.ResOutputsEvent == nil {
		return
	}
	m := e.ResOutputsEvent.Metadata
	if m.Type != "pulumi:pulumi:Stack" || m.Old == nil || m.New == nil || m.Op == apitype.OpRefresh {
		return
	}
	if len(m.Old.Outputs)+len(m.New.Outputs) > 0 && !reflect.DeepEqual(m.Old.Outputs, m.New.Outputs) {
		c.result.OutputsChange = true
	}
}
