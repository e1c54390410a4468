package automation

import "time"

// stages tells the observer what a deploy does.
type stages struct {
	op      Operation
	stack   string
	observe func(Event)
}

func (p stages) tell(name StageName, note string) {
	if p.observe != nil {
		p.observe(Event{Kind: EventStage, Time: time.Now(), Operation: p.op, Stack: p.stack, Stage: &Stage{Name: name, Note: note}})
	}
}
