package did_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parley-im/parley/did"
)

func TestEndpointForms(t *testing.T) {
	t.Parallel()
	v2 := []string{"didcomm/v2"}
	tests := []struct {
		name, service string
		want          []did.Endpoint
	}{
		{"object", `{"type":"DIDCommMessaging","serviceEndpoint":{"uri":"u","accept":["didcomm/v2"],"routingKeys":["did:x:y#k"]}}`,
			[]did.Endpoint{{URI: "u", Accept: v2, RoutingKeys: []string{"did:x:y#k"}}}},
		{"object with addresses", `{"type":"DIDCommMessaging","serviceEndpoint":{"uri":"libp2p-peerId:12D3","multiAddrs":["/ip4/1.2.3.4/tcp/1"]}}`,
			[]did.Endpoint{{URI: "libp2p-peerId:12D3", MultiAddrs: []string{"/ip4/1.2.3.4/tcp/1"}}}},
		{"array keeps its order", `{"type":"DIDCommMessaging","serviceEndpoint":[{"uri":"b"},{"uri":"a"},"c"]}`,
			[]did.Endpoint{{URI: "b"}, {URI: "a"}, {URI: "c"}}},
		{"plain string", `{"type":"DIDCommMessaging","serviceEndpoint":"https://a"}`, []did.Endpoint{{URI: "https://a"}}},
		{"plain string with siblings", `{"type":"DIDCommMessaging","serviceEndpoint":"u","accept":["didcomm/v2"],"routingKeys":["did:x:y#k"]}`,
			[]did.Endpoint{{URI: "u", Accept: v2, RoutingKeys: []string{"did:x:y#k"}}}},
		{"siblings do not mix into an object", `{"type":"DIDCommMessaging","serviceEndpoint":{"uri":"u"},"routingKeys":["did:x:y#k"]}`,
			[]did.Endpoint{{URI: "u"}}},
		{"relative routing key", `{"type":"DIDCommMessaging","serviceEndpoint":{"uri":"u","routingKeys":["#r"]}}`,
			[]did.Endpoint{{URI: "u", RoutingKeys: []string{"did:a:b#r"}}}},
		{"among several types", `{"type":["LinkedDomains","DIDCommMessaging"],"serviceEndpoint":"u"}`, []did.Endpoint{{URI: "u"}}},
		{"unreadable routing keys drop the endpoint", `{"type":"DIDCommMessaging","serviceEndpoint":[{"uri":"u","routingKeys":"x"},{"uri":"v"}]}`,
			[]did.Endpoint{{URI: "v"}}},
		{"unreadable sibling drops the endpoint", `{"type":"DIDCommMessaging","serviceEndpoint":"u","routingKeys":{"a":1}}`, nil},
		{"no uri", `{"type":"DIDCommMessaging","serviceEndpoint":{"accept":["didcomm/v2"]}}`, nil},
		{"empty uri", `{"type":"DIDCommMessaging","serviceEndpoint":""}`, nil},
		{"number", `{"type":"DIDCommMessaging","serviceEndpoint":7}`, nil},
		{"nothing", `{"type":"DIDCommMessaging"}`, nil},
		{"array in array", `{"type":"DIDCommMessaging","serviceEndpoint":[["u"]]}`, nil},
		{"other type", `{"type":"LinkedDomains","serviceEndpoint":"https://a"}`, nil},
		{"other case of the type", `{"type":"didcommmessaging","serviceEndpoint":"u"}`, nil},
		{"DIDComm v1", `{"type":"did-communication","serviceEndpoint":"http://bob","recipientKeys":["#1"],"priority":0}`, nil},
		{"type of a wrong shape", `{"type":{"a":1},"serviceEndpoint":"u"}`, nil},
		{"no type", `{"serviceEndpoint":"u"}`, nil},
		{"empty list of types", `{"type":[],"serviceEndpoint":"u"}`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doc := parse(t, `{"id":"did:a:b","service":[%s]}`, tt.service)
			if diff := cmp.Diff(tt.want, doc.DIDComm(), cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
			if n := len(doc.Services()); n != 1 {
				t.Errorf("%d services are listed", n)
			}
		})
	}
}

func TestServices(t *testing.T) {
	t.Parallel()
	doc := parse(t, `{"id":"did:a:b","service":[
		{"id":"#web","type":"LinkedDomains","serviceEndpoint":{"origins":["https://a"]}},
		{"id":"#one","type":"DIDCommMessaging","serviceEndpoint":{"uri":"1"}},
		{"id":"did:other:x#two","type":["DIDCommMessaging"],"serviceEndpoint":[{"uri":"2"},{"uri":"3"}]}
	]}`)
	want := []did.Service{
		{ID: "did:a:b#web", Type: "LinkedDomains"},
		{ID: "did:a:b#one", Type: did.DIDCommMessaging, Endpoints: []did.Endpoint{{URI: "1"}}},
		{ID: "did:other:x#two", Type: did.DIDCommMessaging, Endpoints: []did.Endpoint{{URI: "2"}, {URI: "3"}}},
	}
	if diff := cmp.Diff(want, doc.Services()); diff != "" {
		t.Error(diff)
	}
	all := []did.Endpoint{{URI: "1"}, {URI: "2"}, {URI: "3"}}
	if diff := cmp.Diff(all, doc.DIDComm()); diff != "" {
		t.Error(diff)
	}
}
