package explain

// Version stands as "v" in a Report.
const Version = 1

// Report is what there is to say of a DID. Texts of others stand in it as they came, cut to a readable length:
// whoever shows them escapes them.
type Report struct {
	V   int    `json:"v"`
	DID string `json:"did"`
	// Method is the name of the method, Trust what its documents rest on.
	Method string `json:"method,omitempty"`
	Trust  string `json:"trust,omitempty"`
	// Parts are the pieces of the text from left to right; together they are the DID.
	Parts []Part `json:"parts,omitempty"`
	// Location is the URL that is fetched to resolve it, where there is one.
	Location string `json:"location,omitempty"`
	// LogVersion is the place of the document in the log of its method.
	LogVersion string `json:"log_version,omitempty"`
	// KeySet is the fingerprint of all its keys, in hex: what a contact is pinned to.
	KeySet string `json:"key_set,omitempty"`
	// Keys are those that the document lists, Services where it can be reached.
	Keys     []Key     `json:"keys,omitempty"`
	Services []Service `json:"services,omitempty"`
	// OtherForm is the short form of a long DID, or the long form of a short one: the same DID, proven by its hash.
	OtherForm string `json:"other_form,omitempty"`
	// AlsoKnownAs are DIDs that the document claims to be the same.
	AlsoKnownAs []string `json:"also_known_as,omitempty"`
	// Problems are what is wrong with it, the grave ones first.
	Problems []Problem `json:"problems,omitempty"`
}

// Part is a piece of a DID's text.
type Part struct {
	Text  string `json:"text"`
	Means string `json:"means"`
}

// Key is a key of the document. ID is relative where it is of the document's DID.
type Key struct {
	ID    string `json:"id"`
	Curve string `json:"curve,omitempty"`
	// Fingerprint is the SHA-256 of the multikey's bytes, in hex.
	Fingerprint string `json:"fingerprint,omitempty"`
	// Uses are authentication and keyAgreement, as far as the key can serve for them.
	Uses []string `json:"uses,omitempty"`
	// DIDComm says what a wallet of ours does with it.
	DIDComm string `json:"didcomm"`
}

// Service is an endpoint of the document.
type Service struct {
	ID          string   `json:"id"`
	Type        string   `json:"type"`
	URI         string   `json:"uri,omitempty"`
	Accept      []string `json:"accept,omitempty"`
	RoutingKeys []string `json:"routing_keys,omitempty"`
	MultiAddrs  []string `json:"multi_addrs,omitempty"`
	// Reach says whether a wallet of ours delivers there.
	Reach string `json:"reach"`
}

// Problem is something that is wrong. A grave one keeps the DID from being resolved, or from being written to.
type Problem struct {
	Grave bool   `json:"grave"`
	Text  string `json:"text"`
}

// Grave reports whether one of the problems is.
func (r *Report) Grave() bool {
	for _, p := range r.Problems {
		if p.Grave {
			return true
		}
	}
	return false
}

func (r *Report) wrong(text string)  { r.Problems = append(r.Problems, Problem{true, text}) }
func (r *Report) remark(text string) { r.Problems = append(r.Problems, Problem{false, text}) }
