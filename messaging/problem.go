package messaging

// Problem is an error of a Handler that trying again does not mend: the message is given up at once, and its
// sender is told by a report of the problem, see Node.Report. It may be wrapped.
type Problem struct {
	// Code is a DIDComm problem code, such as "e.m.msg"; Comment explains it to a person.
	Code, Comment string
}

// Error names the code and the comment.
func (p *Problem) Error() string { return p.Code + ": " + p.Comment }
