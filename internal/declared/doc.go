// Package declared runs Pulumi programs without an engine and a cloud, and returns what they register: types, names,
// parents, providers, options and inputs. Everything that a cloud would compute has a plausible value.
//
// It does not show what an engine does: checks, defaults, diffs, replacements, resolution of aliases,
// transforms. What only a cloud knows, such as the names of an account's zones, is made up.
package declared
