// Package rules holds what must be true of any estate, in terms of what the program registers for its stack files: no
// engine runs, and a whole estate takes less than a second. The rules hold for the stack files at the repository's root,
// which are the adopter's, whatever their names and number, for the frozen estate, and for the frozen estate as adopters
// edit it. Without -short, the files at the root and those of an adopter are also rehearsed.
package rules
