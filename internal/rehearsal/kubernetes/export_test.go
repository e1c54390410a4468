package kubernetes

import "time"

// SetPatience sets how long an object waits for what it refers to.
func SetPatience(s *Server, d time.Duration) { s.patience = d }
