// Package lease lets one deploy at a time work on a stack. Pulumi's lock in a self-managed backend is listed, written and
// listed again, never expires, and stays for ever when its holder is killed. A lease is one object per stack beside the
// state, .eks-platform/leases/<project>/<stack>.json, and every change of it is a conditional write.
//
// # Protocol
//
//   - Take: write the record if there is none (If-None-Match: *), or in place of an expired one (If-Match, with the version
//     that was read). One of several contenders succeeds.
//   - Heartbeat: replace the own record (If-Match), by default every 30 s of a TTL of 2 min. A conflict means that
//     somebody else changed it. Every write carries a new nonce, so that no two records have one ETag, and the holder
//     recognises its own record by the lease's id when the answer to a write got lost.
//   - Release: delete the own version (If-Match).
//
// The holder counts its TTL from the moment before it sent the last heartbeat that succeeded. When that is over, or
// somebody else has the record, the lease is lost: Context ends with ErrLost as its cause, and the deploy must stop. What
// the engine still does until then is guarded by Pulumi's own lock, which a lease does not replace.
//
// # Whose clock
//
// Nobody compares his clock with another's. A record is expired when the store itself says that it was written longer
// ago than its TTL and two seconds: S3 answers with its own time (Date) and the time of the last write (Last-Modified),
// both in whole seconds; a directory with the times of the machine that it is on. Where a server tells no time, a
// record is expired once whoever waits for it has seen it unchanged for its TTL. The times inside a record are the
// holder's, for people.
//
// A machine that was suspended finds out at its next heartbeat that somebody else took over.
//
// # Breaking
//
// Break removes a lease that is not expired, with a proof that its holder is dead: it ran on this machine, in this boot and
// in these process numbers, and the process is gone, is a zombie, or its number belongs to a process that started at
// another time. An equal host name proves nothing: runners and containers share them. Everything else takes
// force, with a reason. What was broken, by whom and why is kept in
// .eks-platform/leases/<project>/<stack>.broken/<time>.json.
//
// The proof is about the process that held the lease, not about an engine that it started and that may have survived it:
// Pulumi's lock names that one.
package lease
