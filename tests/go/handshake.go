package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"time"
)

// outcome is how a connection went on either side, the first byte included.
type outcome struct {
	server, client error
	version        uint16
}

// serverConfig is Milvus' side. The protocol h2 is gRPC's.
func serverConfig(d directory, mutual bool) (*tls.Config, error) {
	identity, err := d.identity("server")
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{identity}, NextProtos: []string{"h2"}}
	if mutual {
		config.MinVersion = tls.VersionTLS13
		config.ClientAuth = tls.RequireAndVerifyClientCert
		config.ClientCAs, err = d.roots()
	}
	return config, err
}

// clientConfig is the side of a client that trusts the CA's ca.pem.
func clientConfig(ca directory, version uint16) (*tls.Config, error) {
	roots, err := ca.roots()
	return &tls.Config{
		RootCAs:    roots,
		ServerName: "localhost",
		NextProtos: []string{"h2"},
		MinVersion: version,
		MaxVersion: version,
	}, err
}

// connect lets a client and a server of this directory talk.
func connect(
	server directory, mutual bool, trusts directory, version uint16, client ...tls.Certificate,
) (outcome, error) {
	serverSide, err := serverConfig(server, mutual)
	if err != nil {
		return outcome{}, err
	}
	clientSide, err := clientConfig(trusts, version)
	if err != nil {
		return outcome{}, err
	}
	// Without a choice the client sends what it has, whatever CAs the server names.
	if len(client) > 0 {
		clientSide.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &client[0], nil
		}
	}
	return handshake(serverSide, clientSide)
}

// handshake connects the two over loopback. The server sends one byte and the client reads it: in
// TLS 1.3 the client's handshake ends before the server has judged the client's certificate, and the
// refusal arrives at the first read.
func handshake(serverSide, clientSide *tls.Config) (outcome, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return outcome{}, err
	}
	defer listener.Close()
	serverResult := make(chan error, 1)
	clientDone := make(chan struct{})
	go func() { serverResult <- serve(listener, serverSide, clientDone) }()

	var result outcome
	result.version, result.client = read(listener.Addr().String(), clientSide)
	close(clientDone)
	result.server = <-serverResult
	return result, nil
}

// serve leaves the connection open until the client is done: closed earlier, with bytes unread, it
// would be reset, and the client might not see the alert.
func serve(listener net.Listener, config *tls.Config, clientDone <-chan struct{}) error {
	connection, err := listener.Accept()
	if err != nil {
		return err
	}
	defer connection.Close()
	defer func() { <-clientDone }()
	_ = connection.SetDeadline(time.Now().Add(10 * time.Second))
	secured := tls.Server(connection, config)
	if err := secured.Handshake(); err != nil {
		return err
	}
	_, err = secured.Write([]byte{1})
	return err
}

func read(address string, config *tls.Config) (uint16, error) {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	connection, err := tls.DialWithDialer(dialer, "tcp", address, config)
	if err != nil {
		return 0, err
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(10 * time.Second))
	_, err = connection.Read(make([]byte, 1))
	return connection.ConnectionState().Version, err
}

// works holds if both sides agreed on this version of TLS and the byte arrived.
func (o outcome) works(version uint16) error {
	if o.server != nil || o.client != nil || o.version != version {
		return fmt.Errorf("server: %v, client: %v, version %#x", o.server, o.client, o.version)
	}
	return nil
}

// refusedByServer holds if the server refused the client for this reason and the client saw it.
func (o outcome) refusedByServer(reason string) error {
	return first(
		annotate("the server's side", refused(o.server, reason)),
		annotate("the client's side", refused(o.client, "remote error: tls:")),
	)
}

// refusedByClient is the same with the sides exchanged.
func (o outcome) refusedByClient(reason string) error {
	return first(
		annotate("the client's side", refused(o.client, reason)),
		annotate("the server's side", refused(o.server, "remote error: tls:")),
	)
}

func annotate(where string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", where, err)
}
