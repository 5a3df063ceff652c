package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/parley-im/parley/internal/control"
)

const (
	// datagram is the size of what the self test sends: that of QUIC's packets on most networks. QUIC does not
	// work where 1,200 bytes do not pass (RFC 9000, section 14).
	datagram = 1452
	echoTime = time.Second
)

// port is a port that the wallet is set to listen on.
type port struct {
	network string // udp or tcp
	addr    netip.AddrPort
}

// parsePorts reads the multiaddrs of IP addresses with a UDP or TCP port; others are left out.
func parsePorts(addrs []string) (list []port) {
	for _, s := range addrs {
		// /ip4/0.0.0.0/udp/4001/quic-v1
		f := strings.Split(s, "/")
		if len(f) < 5 || f[1] != "ip4" && f[1] != "ip6" || f[3] != "udp" && f[3] != "tcp" {
			continue
		}
		ip, err := netip.ParseAddr(f[2])
		n, nerr := strconv.ParseUint(f[4], 10, 16)
		if err == nil && nerr == nil {
			list = append(list, port{f[3], netip.AddrPortFrom(ip, uint16(n))})
		}
	}
	return list
}

// checkPorts looks into whether the ports are free, or held by the daemon.
func (a *app) checkPorts(d *diagnosis, s control.Status) {
	ports := parsePorts(s.Listen)
	if s.Daemon {
		a.checkListening(d, ports, parsePorts(s.Addrs))
		return
	}
	free, taken := 0, 0
	for _, p := range ports {
		err := p.try()
		switch {
		case err == nil:
			free++
		case errors.Is(err, syscall.EADDRINUSE):
			taken++
			who := portOwner(p.network, int(p.addr.Port()))
			if who == "" {
				who = "another program"
			}
			d.problem("ports", fmt.Sprintf("%s port %d is in use by %s", strings.ToUpper(p.network), p.addr.Port(), who),
				fmt.Sprintf("end it, or listen elsewhere: parley daemon --listen %s", p.elsewhere()))
		case p.addr.Addr().Is6() && (errors.Is(err, syscall.EAFNOSUPPORT) || errors.Is(err, syscall.EADDRNOTAVAIL)):
			// A machine without IPv6 is reached by IPv4.
		default:
			taken++
			d.problem("ports", fmt.Sprintf("%s port %d cannot be listened on: %v", strings.ToUpper(p.network), p.addr.Port(), err),
				fmt.Sprintf("listen elsewhere: parley daemon --listen %s", p.elsewhere()))
		}
	}
	if free > 0 && taken == 0 {
		d.ok("ports", "ports: "+portNames(ports)+" free")
	}
}

// checkListening compares the ports that the daemon has with those that it should have.
func (a *app) checkListening(d *diagnosis, want, have []port) {
	missing := slices.DeleteFunc(slices.Clone(want), func(p port) bool {
		return slices.ContainsFunc(have, func(h port) bool {
			return h.network == p.network && (h.addr.Port() == p.addr.Port() || p.addr.Port() == 0)
		})
	})
	switch {
	case len(missing) > 0 && len(have) > 0:
		d.warning("ports", "the daemon does not listen on "+portNames(missing)+", but on "+portNames(have), "parley status shows where")
	case len(have) == 0:
		d.problem("ports", "the daemon listens nowhere", "end it, then parley daemon --verbose")
	default:
		d.ok("ports", "ports: "+portNames(want)+" held by the daemon")
	}
}

// portNames lists ports once each.
func portNames(ports []port) string {
	var names []string
	for _, p := range ports {
		n := strings.ToUpper(p.network) + " " + strconv.Itoa(int(p.addr.Port()))
		if p.addr.Port() == 0 {
			n = strings.ToUpper(p.network) + " any"
		}
		if !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return strings.Join(names, ", ")
}

// try listens on the port for an instant.
func (p port) try() error {
	if p.network == "udp" {
		c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(p.addr))
		return closed(c, err)
	}
	l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(p.addr))
	return closed(l, err)
}

func closed[C interface{ Close() error }](c C, err error) error {
	if err != nil {
		return err
	}
	return c.Close()
}

// elsewhere is the multiaddr of the same address with any port.
func (p port) elsewhere() string {
	kind := "ip4"
	if p.addr.Addr().Is6() {
		kind = "ip6"
	}
	tail := "tcp/0"
	if p.network == "udp" {
		tail = "udp/0/quic-v1"
	}
	return "/" + kind + "/" + p.addr.Addr().String() + "/" + tail
}

// checkUDP sends a datagram to this machine itself: over the loopback, and over each of its own addresses. That
// proves that programs may use UDP here, and that it is not filtered on the machine; what a router or a firewall
// on the way does to it only a peer can show.
func (a *app) checkUDP(d *diagnosis) {
	const mend = "allow UDP in this machine's firewall or sandbox; until then TCP is used"
	if err := echo(netip.MustParseAddr("127.0.0.1")); err != nil {
		d.warning("udp", "UDP does not work on this machine: "+err.Error(), mend)
		return
	}
	ips := ownAddrs()
	var lost []string
	for _, ip := range ips {
		if echo(ip) != nil {
			lost = append(lost, ip.String())
		}
	}
	if len(lost) > 0 {
		d.warning("udp", "UDP does not get through to "+few(lost)+", our own address", mend)
		return
	}
	d.ok("udp", "UDP works on this machine")
}

// ownAddrs are the addresses of this machine that others could use, at most eight.
func ownAddrs() (ips []netip.Addr) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	for _, a := range all {
		p, err := netip.ParsePrefix(a.String())
		if ip := p.Addr(); err == nil && ip.IsGlobalUnicast() && len(ips) < 8 {
			ips = append(ips, ip)
		}
	}
	return ips
}

// echo sends a datagram from a socket at ip to another there.
func echo(ip netip.Addr) error {
	local := net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, 0))
	in, err := net.ListenUDP("udp", local)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := net.DialUDP("udp", local, in.LocalAddr().(*net.UDPAddr))
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }()
	sent, got := bytes.Repeat([]byte("parley "), datagram/7+1)[:datagram], make([]byte, datagram+1)
	if _, err := out.Write(sent); err != nil {
		return err
	}
	if err := in.SetReadDeadline(time.Now().Add(echoTime)); err != nil {
		return err
	}
	n, err := in.Read(got)
	if err == nil && !bytes.Equal(got[:n], sent) {
		return errors.New("what arrived is not what was sent")
	}
	return err
}
