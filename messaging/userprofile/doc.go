// Package userprofile is the user-profile 1.0 protocol (https://didcomm.org/user-profile/1.0): somebody says by
// which name and with which description they want to be known, and asks the same of others.
//
// What a profile says is a wish, not a proof. Whoever makes a petname of the name has to clean it and make it
// unique (inbox.PetName), and what shows it on a terminal has to escape control characters; the package must
// never do that, nor change a contact by itself.
//
// Pictures (displayPicture and its attachment) are neither sent nor kept. A profile that is asked for goes out
// once and never asks for one back, so that two wallets cannot go on for ever.
package userprofile
