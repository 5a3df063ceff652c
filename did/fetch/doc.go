// Package fetch gets the files in which DID methods of the web keep their documents. [Client] is the did.Fetcher of
// wallets.
//
// Whoever writes a DID chooses the URL that a wallet asks. The package therefore takes every URL, every answer of a
// name server and every byte of an answer for hostile.
//
// # What this package must never do
//
// It never talks to an address that it has not checked in the moment of dialling, never in the clear, never through
// a proxy and never to a second place that the first one named. It never sends a cookie or a credential, never
// inflates anything, and never holds more of an answer than its caller allowed.
//
// # Design decisions
//
//   - The address is checked by net.Dialer.Control, after all look-ups: a name that answers differently each time
//     gains nothing. A kept connection stays at the address that was checked when it was dialled.
//   - IPv4 is refused by a list, the special-purpose registry of IANA. IPv6 is refused unless it is in 2000::/3,
//     the only block that is given out, and not in one of the special parts of that. Teredo and 6to4 are refused
//     whole. An address of the well-known NAT64 prefix stands for the IPv4 address in it, because networks that
//     have IPv6 only reach the rest of the world that way. A network's own NAT64 prefix cannot be told from other
//     addresses; such a network has to keep its translator away from its private hosts.
//   - A host is an IP address in its usual form or a name of letters, digits, hyphens and dots. Names that end in a
//     number ("2130706433", "0x7f.1") are refused, since some resolvers read addresses in them; so are names that end
//     in a dot, so that a host has one name. International names come as punycode, and everything else that a URL has
//     to escape comes escaped.
//   - Redirects are errors. The file of a DID has one place, and its host can serve it there.
//   - Ports are free: a DID may name one. What can be reached that way is a TLS server with a certificate for the
//     name.
//   - HTTP/1.1 alone is spoken, which every host of a file can: in HTTP/2 a host has floods of its own (PING, SETTINGS,
//     CONTINUATION), and by ending each connection before its first answer it has the client dial again without end.
//   - One Timeout bounds waiting, look-up, connection, handshake and body together. The transport of net/http lets a
//     dial go on when its request has ended; here it ends too, so a host that accepts and then says nothing costs no
//     more sockets than there are requests.
//   - A host gets its turn before all hosts do. Otherwise many requests to one slow host would keep the others out.
//   - Errors quote at most a line of what a host said, without control characters: certificates may carry those. They
//     do not wrap the errors of net/http, so an error that is a context's error is always that of the caller's context.
package fetch
