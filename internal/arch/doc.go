// Package arch holds the tests that keep the tree's architecture: who may import whom, that every package
// says what it is for, how long files and functions may be, and what names are not wanted. It has no code.
package arch
