package wallet

import (
	"context"
	"slices"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// sighting is a contact who has seen the wallet elsewhere.
type sighting struct {
	Contact did.DID   `json:"contact"`
	Saw     life      `json:"saw"`
	At      time.Time `json:"at"`
	Verdict verdict   `json:"verdict"`
	// Told is set once the user has been told.
	Told bool `json:"told,omitzero"`
}

// see judges what a contact has seen, and remembers it if it was not us. It reports whether that is news: each
// contact tells of each copy once.
func (l *lives) see(ctx context.Context, s inbox.Settings, contact did.DID, saw inbox.Life, at time.Time) (verdict, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := l.biography.judge(saw)
	if v == lived {
		return v, false, nil
	}
	found := sighting{Contact: contact.Canonical(), Saw: lifeOf(saw), At: at, Verdict: v}
	fresh := slices.Clone(l.sightings)
	i := slices.IndexFunc(fresh, func(o sighting) bool { return o.Contact == found.Contact })
	switch {
	case i >= 0 && fresh[i].Saw.Branch == found.Saw.Branch:
		return v, false, nil
	case i >= 0:
		fresh[i] = found
	case len(fresh) >= maxSightings:
		return v, false, nil
	default:
		fresh = append(fresh, found)
	}
	if err := saveSetting(ctx, s, sightingsSetting, fresh); err != nil {
		return v, true, err
	}
	l.sightings = fresh
	return v, true, nil
}

// tell returns what the user has not been told yet, and remembers that now it was.
func (l *lives) tell(ctx context.Context, s inbox.Settings) ([]sighting, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var news []sighting
	told := slices.Clone(l.sightings)
	for i := range told {
		if !told[i].Told {
			news, told[i].Told = append(news, told[i]), true
		}
	}
	if len(news) == 0 {
		return nil, nil
	}
	if err := saveSetting(ctx, s, sightingsSetting, told); err != nil {
		return nil, err
	}
	l.sightings = told
	return news, nil
}

// known returns when the wallet was restored and who has seen it elsewhere.
func (l *lives) known() (restored time.Time, seen []sighting) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.biography.Restored, slices.Clone(l.sightings)
}

// lived is messaging.Node.Lived: a contact had seen this wallet live so far.
func (w *Wallet) lived(contact did.DID, saw inbox.Life) {
	ctx, cancel := context.WithTimeout(context.Background(), lifeTimeout)
	defer cancel()
	v, news, err := w.lives.see(ctx, w.store, contact, saw, now())
	if err != nil {
		w.log.Error("what a contact has seen of this wallet could not be kept", "err", err)
	}
	if news {
		w.log.Warn(v.story(contact.Short()), "contact", contact.Short())
	}
}

// story is what is said about a verdict.
func (v verdict) story(who string) string {
	if v == wentOn {
		return "this wallet was used elsewhere after its backup was made: " + who + " has seen it there. What was said " +
			"there is not here. Use one of the two only"
	}
	return "a copy of this wallet is in use elsewhere: " + who + " has seen it. What is said there is not here. Use one " +
		"of the two only"
}

// News returns warnings that the user has not been given yet, each once: that this wallet also lives elsewhere. Status
// goes on saying it.
func (w *Wallet) News(ctx context.Context) ([]string, error) {
	news, err := w.lives.tell(ctx, w.store)
	if err != nil || len(news) == 0 {
		return nil, err
	}
	names, err := w.names(ctx)
	if err != nil {
		return nil, err
	}
	var stories []string
	for _, s := range news {
		stories = append(stories, s.Verdict.story(s.who(names)))
	}
	return stories, nil
}

// who is the contact's name, a short form of its DID if it was removed.
func (s sighting) who(names map[did.DID]string) string {
	if name := names[s.Contact]; name != "" {
		return name
	}
	return s.Contact.Short()
}

// elsewhere returns when the wallet was restored, and the names of the contacts who have seen it elsewhere.
func (w *Wallet) elsewhere(ctx context.Context) (restored time.Time, who []string, err error) {
	restored, seen := w.lives.known()
	if len(seen) == 0 {
		return restored, nil, nil
	}
	names, err := w.names(ctx)
	if err != nil {
		return restored, nil, err
	}
	for _, s := range seen {
		who = append(who, s.who(names))
	}
	slices.Sort(who)
	return restored, who, nil
}
