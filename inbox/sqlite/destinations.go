package sqlite

import (
	"errors"
	"fmt"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// destination is a row of destinations. It seals who it is between.
type destination struct {
	id              int64
	name, recipient []byte
	due             int64 // when Claim would find something; never if there is nothing to deliver
	next            int64 // not before, because of failures; of one under a lease, when it was woken, else atOnce
	lease           int64 // the newest token
	until           int64 // when the lease ends; atOnce if it is over
	handed          int64 // the largest seq of a parcel under the lease
	failures        int64
	unsettled       int64 // how many parcels are
	sealed          []byte

	owner, to did.DID
	queued    bool // this step has added a parcel, which is due at once
}

func (d *destination) binding() binding {
	return bind("destinations", d.id).hashes(d.name, d.recipient).
		ints(d.due, d.next, d.lease, d.until, d.handed, d.failures, d.unsettled)
}

const destColumns = `SELECT id, name, recipient, due, next, lease, until, handed, failures, unsettled, sealed
	FROM destinations `

func (d *destination) scan() []any {
	return []any{&d.id, &d.name, &d.recipient, &d.due, &d.next, &d.lease, &d.until, &d.handed,
		&d.failures, &d.unsettled, &d.sealed}
}

func (d *destination) open(v *vault) error {
	text, err := v.open(d.sealed, d.binding(), "destinations", d.id)
	if err != nil {
		return err
	}
	d.owner, d.to = text.did(), text.did()
	if text.end() != nil {
		return v.damaged("destinations", d.id)
	}
	return nil
}

func (d *destination) seal(v *vault) {
	var e encoder
	e.did(d.owner)
	e.did(d.to)
	d.sealed = v.seal(e, d.binding())
}

// leased reports whether the parcel with the seq is under a lease that goes on at now.
func (d *destination) leased(seq, now int64) bool { return d.until > now && seq <= d.handed }

// destination returns the row for parcels from owner to the recipient; found is false if there were
// never any. A damaged row is made anew.
func (t *tx) destination(owner, to did.DID) (d *destination, found bool, err error) {
	d = new(destination)
	name := t.hash(destName, owner.String(), to.String())
	found, err = t.get(destColumns+"WHERE name = ?", []any{name}, d.scan()...)
	if !found || err != nil {
		return nil, false, err
	}
	if err := d.open(t.vault); err != nil {
		d, err = t.heal(d.id, owner, to)
		return d, err == nil, err
	}
	return d, true, nil
}

// destinationAt returns the row with the id, made anew if it is damaged and if what it is about can
// be learnt from its parcels; else ErrDamaged.
func (t *tx) destinationAt(id int64) (*destination, error) {
	d := new(destination)
	if _, err := t.get(destColumns+"WHERE id = ?", []any{id}, d.scan()...); err != nil {
		return nil, err
	}
	damaged := d.open(t.vault)
	if damaged == nil {
		return d, nil
	}
	seqs, err := t.numbers("SELECT seq FROM parcels WHERE destination = ? ORDER BY seq LIMIT 8", id)
	if err != nil {
		return nil, err
	}
	for _, seq := range seqs {
		if p, err := t.readParcel(seq); err == nil {
			return t.heal(id, p.Owner, p.To)
		}
	}
	return nil, damaged
}

// heal makes a damaged row anew. All it forgets is how often and until when delivering failed, and
// the lease, which is thereby lost.
func (t *tx) heal(id int64, owner, to did.DID) (*destination, error) {
	d := &destination{
		id: id, owner: owner, to: to,
		name:      t.hash(destName, owner.String(), to.String()),
		recipient: t.hash(destRecipient, to.String()),
	}
	t.lease++
	d.lease = t.lease
	t.senders.add(owner)
	if _, err := t.get("SELECT count(*) FROM parcels WHERE destination = ? AND state < 4", []any{id}, &d.unsettled); err != nil {
		return nil, err
	}
	if err := t.exec("UPDATE destinations SET name = ?, recipient = ? WHERE id = ?", d.name, d.recipient, id); err != nil {
		return nil, err
	}
	t.log.Warn("a damaged destination was made anew", "id", id)
	return d, t.save(d)
}

func (t *tx) addDestination(owner, to did.DID) (*destination, error) {
	id, err := t.nextSeq("destinations")
	if err != nil {
		return nil, err
	}
	d := &destination{
		id: id, owner: owner, to: to, due: never,
		name:      t.hash(destName, owner.String(), to.String()),
		recipient: t.hash(destRecipient, to.String()),
	}
	d.seal(t.vault)
	t.senders.add(owner)
	return d, t.exec(`INSERT INTO destinations (id, name, recipient, due, next, lease, until, handed, failures, unsettled, sealed)
		VALUES (?, ?, ?, ?, 0, 0, 0, 0, 0, 0, ?)`, d.id, d.name, d.recipient, d.due, d.sealed)
}

// save finds out when the destination is due, and writes what can change.
func (t *tx) save(d *destination) error {
	retry := int64(never)
	_, err := t.get(`SELECT retry FROM parcels WHERE destination = ? AND retry < 9223372036854775807
		ORDER BY retry LIMIT 1`, []any{d.id}, &retry)
	if err != nil {
		return err
	}
	return t.saveDue(d, retry)
}

// saveDue is save for one whose first parcel is due at retry.
func (t *tx) saveDue(d *destination, retry int64) error {
	d.due = max(retry, d.next, d.until)
	d.seal(t.vault)
	return t.exec(`UPDATE destinations
		SET due = ?, next = ?, lease = ?, until = ?, handed = ?, failures = ?, unsettled = ?, sealed = ? WHERE id = ?`,
		d.due, d.next, d.lease, d.until, d.handed, d.failures, d.unsettled, d.sealed, d.id)
}

// putAside takes a damaged destination out of those that are due. Its parcels stay as they are.
func (t *tx) putAside(id int64) error {
	return t.exec("UPDATE destinations SET due = ? WHERE id = ?", int64(never), id)
}

// endLeases ends those of a process that is gone.
func (t *tx) endLeases() error {
	ids, err := t.numbers("SELECT id FROM destinations WHERE until > 0")
	if err != nil {
		return err
	}
	for _, id := range ids {
		d, err := t.destinationAt(id)
		if errors.Is(err, inbox.ErrDamaged) {
			continue
		}
		if err != nil {
			return err
		}
		d.until = atOnce
		if err := t.save(d); err != nil {
			return fmt.Errorf("end lease: %w", err)
		}
	}
	return nil
}
