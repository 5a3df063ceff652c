package control

import "context"

// Self says who the wallet is.
func (c *Client) Self(ctx context.Context) (Self, error) { return call(ctx, c, routeSelf, none{}) }

// Status says how the wallet and its daemon are.
func (c *Client) Status(ctx context.Context) (Status, error) {
	return call(ctx, c, routeStatus, none{})
}

// Invite makes an invitation.
func (c *Client) Invite(ctx context.Context, r InviteRequest) (Invite, error) {
	return call(ctx, c, routeInvite, r)
}

// Contacts returns all contacts, by name.
func (c *Client) Contacts(ctx context.Context) ([]Contact, error) {
	return call(ctx, c, routeContacts, none{})
}

// Add makes a contact of who made an invitation.
func (c *Client) Add(ctx context.Context, r AddRequest) (Contact, error) {
	return call(ctx, c, routeAdd, r)
}

// ChangeContact renames or blocks a contact.
func (c *Client) ChangeContact(ctx context.Context, name string, r ContactChange) (Contact, error) {
	return call(ctx, c, routeChangeContact, contactChange{Contact: name, ContactChange: r})
}

// RemoveContact forgets a contact.
func (c *Client) RemoveContact(ctx context.Context, name string) (Contact, error) {
	return call(ctx, c, routeRemoveContact, contactName{Contact: name})
}

// Send queues a message and waits as the request says.
func (c *Client) Send(ctx context.Context, r SendRequest) (Sent, error) {
	return call(ctx, c, routeSend, r)
}

// Cancel gives a message up that is still queued.
func (c *Client) Cancel(ctx context.Context, id string) (Sent, error) {
	return call(ctx, c, routeCancel, messageID{ID: id})
}

// Sent returns messages that were sent.
func (c *Client) Sent(ctx context.Context, r SentRequest) ([]Sent, error) {
	return call(ctx, c, routeSent, r)
}

// Receive returns received messages and waits for one as the request says.
func (c *Client) Receive(ctx context.Context, r ReceiveRequest) ([]Message, error) {
	return call(ctx, c, routeReceive, r)
}

// Mark says of received messages that they were shown or are done with.
func (c *Client) Mark(ctx context.Context, r MarkRequest) error {
	_, err := call(ctx, c, routeMark, r)
	return err
}

// Changes returns what changed after a revision.
func (c *Client) Changes(ctx context.Context, r ChangesRequest) (Changes, error) {
	return call(ctx, c, routeChanges, r)
}

// Ping measures how long a contact takes to answer.
func (c *Client) Ping(ctx context.Context, r PingRequest) (Pong, error) {
	return call(ctx, c, routePing, r)
}

// Requests returns the first messages of strangers.
func (c *Client) Requests(ctx context.Context) ([]Request, error) {
	return call(ctx, c, routeRequests, none{})
}

// SettleRequest accepts or blocks a stranger.
func (c *Client) SettleRequest(ctx context.Context, r RequestDecision) (Contact, error) {
	return call(ctx, c, routeSettle, r)
}

// Preferences returns what is set.
func (c *Client) Preferences(ctx context.Context) (Preference, error) {
	return call(ctx, c, routePreferences, none{})
}

// ChangePreferences changes what is set.
func (c *Client) ChangePreferences(ctx context.Context, r PreferenceChange) (Preference, error) {
	return call(ctx, c, routePrefer, r)
}

// Ask asks a contact a question.
func (c *Client) Ask(ctx context.Context, r AskRequest) (Asked, error) {
	return call(ctx, c, routeAsk, r)
}

// AnswerQuestion answers a question.
func (c *Client) AnswerQuestion(ctx context.Context, r AnswerRequest) (Sent, error) {
	return call(ctx, c, routeAnswer, r)
}

// Features asks a contact what it can do.
func (c *Client) Features(ctx context.Context, r FeaturesRequest) (Features, error) {
	return call(ctx, c, routeFeatures, r)
}

// Search looks for text in messages.
func (c *Client) Search(ctx context.Context, r SearchRequest) ([]Found, error) {
	return call(ctx, c, routeSearch, r)
}

// Check reads everything that is stored.
func (c *Client) Check(ctx context.Context) (Check, error) {
	return call(ctx, c, routeCheck, none{})
}

// Backup writes the wallet into one encrypted file.
func (c *Client) Backup(ctx context.Context, r BackupRequest) (Backup, error) {
	return call(ctx, c, routeBackup, r)
}

// Verify returns the safety number of a contact and us, and marks the contact verified if asked to.
func (c *Client) Verify(ctx context.Context, r VerifyRequest) (Verification, error) {
	return call(ctx, c, routeVerify, r)
}

// AcceptKeys believes the keys that a contact offers.
func (c *Client) AcceptKeys(ctx context.Context, name string) (Contact, error) {
	return call(ctx, c, routeAcceptKeys, contactName{Contact: name})
}

// WebDocument returns the document of a did:web of ours.
func (c *Client) WebDocument(ctx context.Context, r WebDocumentRequest) (WebDocument, error) {
	return call(ctx, c, routeWebDocument, r)
}
