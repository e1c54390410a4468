// Package storetest runs tests of the store beside the state against every kind of store, with a clock that only tests
// advance. The S3 server is started in the test's own process.
package storetest
