package control

// Codes of errors, as they stand in "code".
const (
	CodeUnexpected = "unexpected" // exit 1
	CodeUsage      = "usage"      // exit 2
	CodeNetwork    = "network"    // exit 3: retrying helps
	CodeTrust      = "trust"      // exit 4
	CodeQuota      = "quota"      // exit 5
	CodeUnknown    = "unknown"    // exit 6: no such contact, DID or message
	CodeNoDaemon   = "no_daemon"  // exit 7
	CodeTimeout    = "timeout"    // exit 8: what was asked for goes on
)

// Error is an error for the user: what failed, and what to do next.
type Error struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	// Offer is the change of a contact's keys that the error is about; nil for other errors. Its Withheld is not
	// counted.
	Offer *KeyOffer `json:"offer,omitzero"`
}

// Error returns the message without the hint.
func (e *Error) Error() string { return e.Message }

// Exit returns the exit code of the command for the error's code.
func (e *Error) Exit() int {
	switch e.Code {
	case CodeUsage:
		return 2
	case CodeNetwork:
		return 3
	case CodeTrust:
		return 4
	case CodeQuota:
		return 5
	case CodeUnknown:
		return 6
	case CodeNoDaemon:
		return 7
	case CodeTimeout:
		return 8
	}
	return 1
}
