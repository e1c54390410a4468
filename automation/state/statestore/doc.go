// Package statestore keeps small objects beside Pulumi's state: leases and the history of deploys. It opens the same
// URL that pulumi login is given, and puts everything below .eks-platform/ where Pulumi has .pulumi/.
//
// It stands on conditional writes: an object is written only if it does not exist yet, or only if it still is the
// version that was read. That is what Pulumi's own lock does not have in these backends.
//
// # S3
//
// Versions are ETags. A write sends If-None-Match: * or If-Match, a deletion If-Match; Amazon S3 honours all three
// (the last one since September 2025). If-Match needs s3:GetObject besides the permission to write or delete, and without
// s3:ListBucket S3 answers 403 for a missing object
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html). Before the first conditional write, a
// Store checks that the server refuses one that must fail: a server that ignores the header would let two deploys through.
// A server that ignores If-Match on deletions only is accepted: the object is compared right before it is deleted, and no
// one else may change an unexpired lease in between.
//
// # Directories
//
// A file:// backend is for one machine. Versions are hashes of the content. Every write happens under an exclusive
// flock of one file, compares, and then renames a complete file into place: a reader sees the old or the new one, and a
// killed process leaves neither a lock nor half a file. On NFS this is only as good as the server's locks and the clients'
// caches, and times come from several clocks: use S3 if several machines deploy.
package statestore
