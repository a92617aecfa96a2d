package plan

import (
	"maps"
	"net/url"
)

// Member is what people want of a node of the control plane. The nodes a
// cluster was founded with are not listed before somebody changes them; who
// votes at the moment is Raft's to say.
type Member struct {
	Revision
	ID string `json:"id"`
	// Address is where its Raft transport listens, PrivateURL its private
	// listener.
	Address    string `json:"address"`
	PrivateURL string `json:"private_url"`
	// Removed asks for it to leave.
	Removed bool `json:"removed,omitempty"`
}

// AddMember is the body of member.add: the leader takes the node in without a
// vote, and gives it one when it has caught up.
type AddMember struct {
	ID         string `json:"id"`
	Address    string `json:"address"`
	PrivateURL string `json:"private_url"`
}

// RemoveMember is the body of member.remove.
type RemoveMember struct {
	ID string `json:"id"`
}

const maxMembers = 16

func addMember(d *draft, b AddMember) error {
	if b.ID == "" || b.Address == "" {
		return refuse(Malformed, "a member needs an id and an address")
	}
	if u, err := url.Parse(b.PrivateURL); err != nil || u.Scheme != "https" || u.Host == "" {
		return refuse(Malformed, "private URL %q", b.PrivateURL)
	}
	for _, m := range d.Members {
		if m.ID != b.ID && !m.Removed && m.Address == b.Address {
			return refuse(Conflict, "%s is at %s", m.ID, m.Address)
		}
	}
	return d.keepMember(Member{ID: b.ID, Address: b.Address, PrivateURL: b.PrivateURL})
}

func removeMember(d *draft, b RemoveMember) error {
	if b.ID == "" {
		return refuse(Malformed, "a member needs an id")
	}
	m := d.Members[b.ID]
	m.ID, m.Removed = b.ID, true
	return d.keepMember(m)
}

func (d *draft) keepMember(m Member) error {
	before, known := d.Members[m.ID]
	if err := d.unchanged(before.Revision); err != nil {
		return err
	}
	if !known && !d.roomForMember() {
		return refuse(TooLarge, "%d members are known, and none of them was removed", maxMembers)
	}
	m.Revision = d.now()
	put(&d.Members, m.ID, m)
	return nil
}

// roomForMember forgets the member that was removed longest ago where there are
// too many.
func (d *draft) roomForMember() bool {
	if len(d.Members) < maxMembers {
		return true
	}
	removed := maps.Clone(d.Members)
	maps.DeleteFunc(removed, func(_ string, m Member) bool { return !m.Removed })
	if len(removed) == 0 {
		return false
	}
	drop(&d.Members, oldest(removed))
	return true
}
