// Package lease lets only one deploy at a time work on a stack. Pulumi's lock in a self-managed backend is listed, written
// and listed again, never expires, and remains if its holder is killed. A lease is one object per stack beside the state,
// .eks-platform/leases/<project>/<stack>.json, and every change of it is a conditional write.
//
// # Protocol
//
//   - Take: write the record if there is none (If-None-Match: *), or in place of an expired one (If-Match, with the version
//     that was read). Only one of several contenders succeeds.
//   - Heartbeat: replace the holder's record (If-Match), by default every 30 s of a TTL of 2 min. A conflict means that
//     another process changed it. Every write has a new nonce, so that no two records have the same ETag, and the holder
//     recognises its own record by the lease's ID if the response to a write got lost.
//   - Release: delete the holder's version (If-Match).
//
// The holder counts its TTL from the moment before it sent the last heartbeat that succeeded. When that is over, or another
// holder has the record, the lease is lost: Context ends with ErrLost as its cause, and the deploy must stop. Until then
// the engine is protected by Pulumi's own lock, which a lease does not replace.
//
// # Whose clock
//
// No two clocks are compared. A record is expired when the store itself says that it was written longer ago than its TTL
// plus two seconds: S3 answers with its own time (Date) and the time of the last write (Last-Modified), both in whole
// seconds; a directory with the times of the machine that it is on. Where a server tells no time, a record is expired once
// whoever waits for it has seen it unchanged for its TTL. The times inside a record are the holder's, for people.
//
// A machine that was suspended finds out at its next heartbeat that somebody else took over.
//
// # Breaking
//
// Break removes a lease that is not expired, with a proof that its holder is dead: it ran on this machine, in this boot and
// PID namespace, and the process is gone, is a zombie, or its PID belongs to a process that started at another time. An
// equal host name proves nothing: runners and containers share them. Everything else needs force, with a reason. What was
// broken, by whom and why is recorded in .eks-platform/leases/<project>/<stack>.broken/<time>.json.
//
// The proof is about the process that held the lease, not about an engine that it started and that may have survived it:
// Pulumi's lock names the engine.
package lease
