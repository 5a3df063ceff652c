// Package foreign makes the text of others fit for our error messages.
//
// It must never let through what steers a terminal, or more than its caller asked for.
package foreign
