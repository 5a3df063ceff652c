// Package oskeyring is the keyfile.Ring of the operating system: the Secret Service of Linux and the BSDs (GNOME
// Keyring, KWallet, KeePassXC), the Keychain of macOS, the Credential Manager of Windows.
//
// It must never start a keyring or a message bus where there is none, never wait for longer than its bound, and
// never put a secret into an error.
//
// # Design decisions
//
// A locked keyring asks its user in a window of its own, so a call may take as long as typing a password does, or for
// ever where nobody sees the window. The library behind it cannot be told to stop: a call that takes too long is
// left behind in a goroutine, which ends with the process at the latest.
//
// Without a session bus the library would run dbus-launch, which starts one that stays. So its absence is found
// first.
//
// Entries are under the service "parley". The account is what the key file names; the secret is kept as base64url,
// since some keyrings take text alone.
package oskeyring
