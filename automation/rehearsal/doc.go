// Package rehearsal is the rehearsal of AWS on this machine, as a cloud for package automation: the real engine and the
// real program over providers inside this process, with no account, no credentials and no network.
//
//	cloud, err := rehearsal.Open(rehearsal.Options{Dir: dir})
//	defer cloud.Close()
//	platform, err := automation.New(automation.Options{Cloud: cloud})
//	result, err := platform.Up(ctx, "dev", automation.UpOptions{})
//
// Run brings all environments up, changes them and destroys them. Programs that only drive AWS do not import this package,
// and do not link the rehearsal cloud.
package rehearsal
