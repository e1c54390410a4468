// Package storetest runs tests of what is kept beside the state against every kind of store, with a clock that only
// moves when a test moves it. The S3 server is started in the test's own process.
package storetest
