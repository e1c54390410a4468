// Package rehearsal is the rehearsal of AWS on this machine, as a cloud for package automation: the real engine and the
// real program over providers inside this process, with no account, no credentials and no network.
//
//	cloud, err := rehearsal.Open(rehearsal.Options{Dir: dir})
//	defer cloud.Close()
//	platform, err := automation.New(automation.Options{Cloud: cloud})
//	result, err := platform.Up(ctx, "dev", automation.UpOptions{})
//
// Run rehearses all environments from nothing to changed and back to nothing. Who only drives AWS does not import this
// package, and does not link the cloud that it brings.
package rehearsal
