package control

import (
	"context"
	"net/http"
)

// endpoint is one route of the API: Q is its request and A its result. Reads are GET with the request
// in the query; changes are POST with the request as JSON. Client and server share this table, so
// that neither can know a route that the other does not.
type endpoint[Q, A any] struct{ verb, path string }

// The routes. A path never changes its meaning under /v1.
var (
	routeSelf          = endpoint[none, Self]{http.MethodGet, "/v1/self"}
	routeStatus        = endpoint[none, Status]{http.MethodGet, "/v1/status"}
	routeInvite        = endpoint[InviteRequest, Invite]{http.MethodPost, "/v1/invite"}
	routeContacts      = endpoint[none, []Contact]{http.MethodGet, "/v1/contacts"}
	routeAdd           = endpoint[AddRequest, Contact]{http.MethodPost, "/v1/contacts/add"}
	routeChangeContact = endpoint[contactChange, Contact]{http.MethodPost, "/v1/contacts/change"}
	routeRemoveContact = endpoint[contactName, Contact]{http.MethodPost, "/v1/contacts/remove"}
	routeSend          = endpoint[SendRequest, Sent]{http.MethodPost, "/v1/messages/send"}
	routeCancel        = endpoint[messageID, Sent]{http.MethodPost, "/v1/messages/cancel"}
	routeSent          = endpoint[SentRequest, []Sent]{http.MethodGet, "/v1/messages/sent"}
	routeReceive       = endpoint[ReceiveRequest, []Message]{http.MethodGet, "/v1/messages/received"}
	routeMark          = endpoint[MarkRequest, none]{http.MethodPost, "/v1/messages/mark"}
	routeChanges       = endpoint[ChangesRequest, Changes]{http.MethodGet, "/v1/changes"}
	routeRequests      = endpoint[none, []Request]{http.MethodGet, "/v1/requests"}
	routeSettle        = endpoint[RequestDecision, Contact]{http.MethodPost, "/v1/requests/settle"}
	routePreferences   = endpoint[none, Preference]{http.MethodGet, "/v1/preferences"}
	routePrefer        = endpoint[PreferenceChange, Preference]{http.MethodPost, "/v1/preferences/change"}
	routeAsk           = endpoint[AskRequest, Asked]{http.MethodPost, "/v1/questions/ask"}
	routeAnswer        = endpoint[AnswerRequest, Sent]{http.MethodPost, "/v1/questions/answer"}
	routeFeatures      = endpoint[FeaturesRequest, Features]{http.MethodPost, "/v1/features"}
	routeSearch        = endpoint[SearchRequest, []Found]{http.MethodGet, "/v1/messages/search"}
	routeCheck         = endpoint[none, Check]{http.MethodPost, "/v1/check"}
	routeBackup        = endpoint[BackupRequest, Backup]{http.MethodPost, "/v1/backup"}
	routeVerify        = endpoint[VerifyRequest, Verification]{http.MethodPost, "/v1/contacts/verify"}
	routeAcceptKeys    = endpoint[contactName, Contact]{http.MethodPost, "/v1/contacts/accept-key"}
	routeWebDocument   = endpoint[WebDocumentRequest, WebDocument]{http.MethodPost, "/v1/identities/web"}
	routePing          = endpoint[PingRequest, Pong]{http.MethodPost, "/v1/ping"}
)

type none struct{}

type contactName struct {
	Contact string `json:"contact"`
}

type contactChange struct {
	Contact string `json:"contact"`
	ContactChange
}

type messageID struct {
	ID string `json:"id"`
}

// answer is the body of every response. An error may come with a result: what a wait that timed out
// has reached.
type answer[A any] struct {
	V      int    `json:"v"`
	Result *A     `json:"result,omitzero"`
	Error  *Error `json:"error,omitzero"`
}

// mount serves every route with the wallet's method for it.
func mount(s *server, w Wallet) {
	handle(s, routeSelf, func(ctx context.Context, _ none) (Self, error) { return w.Self(ctx) })
	handle(s, routeStatus, func(ctx context.Context, _ none) (Status, error) { return w.Status(ctx) })
	handle(s, routeInvite, w.Invite)
	handle(s, routeContacts, func(ctx context.Context, _ none) ([]Contact, error) { return w.Contacts(ctx) })
	handle(s, routeAdd, w.Add)
	handle(s, routeChangeContact, func(ctx context.Context, q contactChange) (Contact, error) {
		return w.ChangeContact(ctx, q.Contact, q.ContactChange)
	})
	handle(s, routeRemoveContact, func(ctx context.Context, q contactName) (Contact, error) {
		return w.RemoveContact(ctx, q.Contact)
	})
	handle(s, routeSend, w.Send)
	handle(s, routeCancel, func(ctx context.Context, q messageID) (Sent, error) { return w.Cancel(ctx, q.ID) })
	handle(s, routeSent, w.Sent)
	handle(s, routeReceive, w.Receive)
	handle(s, routeMark, func(ctx context.Context, q MarkRequest) (none, error) { return none{}, w.Mark(ctx, q) })
	handle(s, routeChanges, w.Changes)
	handle(s, routePing, w.Ping)
	handle(s, routeRequests, func(ctx context.Context, _ none) ([]Request, error) { return w.Requests(ctx) })
	handle(s, routeSettle, w.SettleRequest)
	handle(s, routePreferences, func(ctx context.Context, _ none) (Preference, error) { return w.Preferences(ctx) })
	handle(s, routePrefer, w.ChangePreferences)
	handle(s, routeAsk, w.Ask)
	handle(s, routeAnswer, w.AnswerQuestion)
	handle(s, routeFeatures, w.Features)
	handle(s, routeSearch, w.Search)
	handle(s, routeCheck, func(ctx context.Context, _ none) (Check, error) { return w.Check(ctx) })
	handle(s, routeBackup, w.Backup)
	handle(s, routeVerify, w.Verify)
	handle(s, routeAcceptKeys, func(ctx context.Context, q contactName) (Contact, error) {
		return w.AcceptKeys(ctx, q.Contact)
	})
	handle(s, routeWebDocument, w.WebDocument)
}
