// Command peer makes a key and a certificate signing request with crypto/x509, and lets a server and a
// client talk mutual TLS with crypto/tls, as Milvus does.
//
//	peer request p256|ed25519 COMMON_NAME FOLDER NAME...
//	peer handshake SERVER.pem SERVER.key CLIENT.pem CLIENT.key CA.pem SERVER_NAME
package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	switch {
	case len(arguments) > 4 && arguments[0] == "request":
		return request(arguments[1], arguments[2], arguments[3], arguments[4:])
	case len(arguments) == 7 && arguments[0] == "handshake":
		return handshakes(arguments[1:3], arguments[3:5], arguments[5], arguments[6])
	}
	return errors.New("see the comment for the arguments")
}

func newKey(kind string) (crypto.Signer, error) {
	if kind == "ed25519" {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	}
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

// request writes my.key and my.csr. What it asks for beyond its names nobody should get.
func request(kind, commonName, folder string, names []string) error {
	key, err := newKey(kind)
	if err != nil {
		return err
	}
	isCA, err := asn1.Marshal(struct{ IsCA bool }{true})
	if err != nil {
		return err
	}
	template := x509.CertificateRequest{
		Subject: pkix.Name{CommonName: commonName, Organization: []string{"Acme"}},
		ExtraExtensions: []pkix.Extension{
			{Id: asn1.ObjectIdentifier{2, 5, 29, 19}, Critical: true, Value: isCA},
		},
	}
	for _, name := range names {
		if address := net.ParseIP(name); address != nil {
			template.IPAddresses = append(template.IPAddresses, address)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &template, key)
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := write(filepath.Join(folder, "my.key"), "PRIVATE KEY", keyDER); err != nil {
		return err
	}
	return write(filepath.Join(folder, "my.csr"), "CERTIFICATE REQUEST", der)
}

func write(path, label string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}), 0o600)
}

// handshakes lets them talk in both versions of TLS.
func handshakes(server, client []string, ca, name string) error {
	roots := x509.NewCertPool()
	content, err := os.ReadFile(ca)
	if err != nil || !roots.AppendCertsFromPEM(content) {
		return fmt.Errorf("%s cannot be read: %v", ca, err)
	}
	serverPair, err := tls.LoadX509KeyPair(server[0], server[1])
	if err != nil {
		return err
	}
	clientPair, err := tls.LoadX509KeyPair(client[0], client[1])
	if err != nil {
		return err
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		serverSide := &tls.Config{
			Certificates: []tls.Certificate{serverPair},
			ClientAuth:   tls.RequireAndVerifyClientCert,
			ClientCAs:    roots,
			MinVersion:   version,
			MaxVersion:   version,
		}
		clientSide := &tls.Config{
			// The client sends what it has, whatever the server asks for.
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				return &clientPair, nil
			},
			RootCAs:    roots,
			ServerName: name,
		}
		if err := handshake(serverSide, clientSide); err != nil {
			return fmt.Errorf("TLS version %#x: %w", version, err)
		}
	}
	return nil
}

// handshake lets the server send a byte: in TLS 1.3 a client learns that it was refused when it reads.
func handshake(serverSide, clientSide *tls.Config) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	served := make(chan error, 1)
	go func() { served <- serve(listener, serverSide) }()

	if err := read(listener.Addr().String(), clientSide); err != nil {
		listener.Close()
		return fmt.Errorf("the client says: %w; and the server: %v", err, <-served)
	}
	return <-served
}

func read(address string, config *tls.Config) error {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	connection, err := tls.DialWithDialer(dialer, "tcp", address, config)
	if err != nil {
		return err
	}
	defer connection.Close()
	_, err = io.ReadFull(connection, make([]byte, 1))
	return err
}

func serve(listener net.Listener, config *tls.Config) error {
	connection, err := listener.Accept()
	if err != nil {
		return err
	}
	defer connection.Close()
	_, err = tls.Server(connection, config).Write([]byte{1})
	return err
}
