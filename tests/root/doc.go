// Package root rehearses the stack files at the repository's root, which are the adopter's, whatever they are called and
// however many there are, and an estate as an adopter makes it. What can be told without an engine is in package rules.
package root
