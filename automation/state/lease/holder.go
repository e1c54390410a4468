package lease

import (
	"os"
	"os/user"
)

// OnThisMachine completes a holder with what this machine knows: the operating system's user, and the host.
func (h Holder) OnThisMachine() Holder {
	if h.Actor == "" {
		h.Actor = "somebody"
		if u, err := user.Current(); err == nil && u.Username != "" {
			h.Actor = u.Username
		}
	}
	if h.Host == "" {
		h.Host, _ = os.Hostname()
	}
	return h
}
