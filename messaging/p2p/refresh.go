package p2p

// Refresh ends every connection, so that whatever is sent or received next begins with a new hello: for after a
// change of what hello tells, such as the wallet's life. Who was delivering something tries again. Before Open it does
// nothing; it may be called by many goroutines.
func (t *Transport) Refresh() {
	e := t.opened()
	if e == nil {
		return
	}
	for _, c := range e.Network().Conns() {
		_ = c.Close() // one that has ended already is as well
	}
}
