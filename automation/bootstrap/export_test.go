package bootstrap

// Covers is covers.
var Covers = covers

// Trust returns the trust policy of the deploy role of a site's first environment.
func Trust(s *Site) string { return s.deployTrust(s.Environments[0]).JSON() }
