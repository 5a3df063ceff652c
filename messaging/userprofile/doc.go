// Package userprofile is the part of the user-profile 1.0 protocol (https://didcomm.org/user-profile/1.0)
// that introductions need: the name under which somebody wants to be known.
//
// The name is a wish, not a proof. Whoever makes a petname of it has to clean it and make it unique
// (inbox.PetName); the package must never do that, nor change a contact by itself. It sends no profile
// back unasked, so a request for one is passed over.
package userprofile
