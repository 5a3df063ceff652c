// Package wallet is a whole wallet for a program of one's own: a bot, an agent, a service. It is the wallet
// that the command parley opens, with the same folder, so that both can be used with it in turn; while a
// program runs one, commands for the same folder talk to the program.
//
//	w, err := wallet.Open(ctx, "bot", wallet.Options{Create: true, Name: "echo"})
//	…
//	w.Handle(basicmessage.Type, basicmessage.OnText(
//		func(_ context.Context, re messaging.Replier, _ *messaging.Received, text string) error {
//			return basicmessage.Reply(re, text)
//		}))
//	err = w.Run(ctx)
//
// What a handler gets has been verified and committed; what it replies is committed together with the message
// being settled. It is called at least once for each message, in the order of arrival from each sender, and
// again when it fails or the program dies in between: make it idempotent. Messages of types without a handler
// are dealt with as the command does: protocols of the wallet answer by themselves, and the rest is kept for
// parley recv. The senders of messages that a handler has dealt with are told that they were read, as far as
// the wallet's receipts level allows.
//
// When the keys of a contact change and nothing proves that the change is its own, nothing is sent to it and no handler
// gets what it sends, until somebody accepts the keys: Verify and Confirm, or AcceptKeys. A program that accepts them
// by itself gives that protection up.
//
// Errors for which there is a next step are an *Error with a sentence and a hint, and wrap one of the kinds
// below (ErrUnknown and so on). All methods are safe for concurrent use, except for Handle, which comes before Run.
//
// The package must never have a type of an internal package in what it exports, and never print.
package wallet
