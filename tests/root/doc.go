// Package root rehearses the stack files at the repository's root, which are the adopter's, whatever their names and
// number, and an estate as an adopter would create it. What needs no engine is in package rules.
package root
