package main

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// server is one that runs.
type server struct {
	listener net.Listener
	log      *lockedBuffer
	// How many connections are open.
	open *int32
}

// lockedBuffer is what a server logs.
type lockedBuffer struct {
	sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.Lock()
	defer b.Unlock()
	return b.Buffer.Write(p)
}

// says is what the server has logged, once it has: it may still be at it.
func (s server) says() string {
	for attempt := 0; ; attempt++ {
		s.log.Lock()
		said := s.log.String()
		s.log.Unlock()
		if said != "" || attempt == 20 {
			return said
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// forget empties the log, once nobody is left who could get into it.
func (s server) forget() {
	for attempt := 0; atomic.LoadInt32(s.open) > 0 && attempt < 40; attempt++ {
		time.Sleep(50 * time.Millisecond)
	}
	s.log.Lock()
	defer s.log.Unlock()
	s.log.Reset()
}

func (s server) address() string {
	return s.listener.Addr().String()
}

func (s server) port() string {
	_, port, _ := net.SplitHostPort(s.address())
	return port
}

func (s server) close() {
	s.listener.Close()
}

// serveHTTPS serves HTTP over TLS. With h2, it speaks HTTP/2 to those who ask for it.
func serveHTTPS(address string, config *tls.Config, h2 bool) (server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return server{}, err
	}
	s := server{listener, &lockedBuffer{}, new(int32)}
	handler := &http.Server{
		Handler:           http.NotFoundHandler(),
		TLSConfig:         config.Clone(),
		ErrorLog:          log.New(s.log, "", log.LstdFlags),
		ReadHeaderTimeout: 10 * time.Second,
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				atomic.AddInt32(s.open, 1)
			case http.StateClosed:
				atomic.AddInt32(s.open, -1)
			}
		},
	}
	if h2 {
		go func() { _ = handler.ServeTLS(listener, "", "") }()
	} else {
		go func() { _ = handler.Serve(tls.NewListener(listener, config)) }()
	}
	return s, nil
}

// servePlain accepts connections, which live for ten seconds at most.
func servePlain(address string, serve func(net.Conn)) (server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return server{}, err
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				_ = connection.SetDeadline(time.Now().Add(10 * time.Second))
				serve(connection)
			}()
		}
	}()
	return server{listener, &lockedBuffer{}, new(int32)}, nil
}

const http2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// serveHTTP2 answers as a gRPC server in plaintext does: with SETTINGS, whatever comes, and then each
// request with the status 200. The standard library has no HTTP/2 without TLS.
func serveHTTP2(connection net.Conn) {
	settings := []byte{0, 0, 0, 4, 0, 0, 0, 0, 0}
	if _, err := connection.Write(settings); err != nil {
		return
	}
	preface := make([]byte, len(http2Preface))
	if _, err := io.ReadFull(connection, preface); err != nil || string(preface) != http2Preface {
		return
	}
	header := make([]byte, 9)
	for {
		if _, err := io.ReadFull(connection, header); err != nil {
			return
		}
		length := int64(header[0])<<16 | int64(binary.BigEndian.Uint16(header[1:]))
		if _, err := io.CopyN(io.Discard, connection, length); err != nil {
			return
		}
		switch kind, flags := header[3], header[4]; {
		case kind == 4 && flags&1 == 0:
			_, _ = connection.Write([]byte{0, 0, 0, 4, 1, 0, 0, 0, 0})
		case kind == 1:
			// HEADERS, the last of the stream: 0x88 is `:status: 200`.
			answer := append([]byte{0, 0, 1, 1, 5}, header[5:9]...)
			_, _ = connection.Write(append(answer, 0x88))
		}
	}
}

// speaks is what happens to a client of Go: with HTTP, after a handshake with this configuration. It can fail to
// write before it reads the alert by which it is refused, and does not say then why; so it tries again, for seconds
// on a busy machine.
func speaks(s server, config *tls.Config) error {
	transport := &http.Transport{
		TLSClientConfig:       config,
		TLSHandshakeTimeout:   300 * time.Millisecond,
		ResponseHeaderTimeout: 5 * time.Second,
		ForceAttemptHTTP2:     true,
		DisableKeepAlives:     true,
	}
	defer transport.CloseIdleConnections()
	var failure error
	for begin := time.Now(); time.Since(begin) < 10*time.Second; {
		response, err := (&http.Client{Transport: transport}).Get("https://" + s.address() + "/")
		if err == nil {
			return response.Body.Close()
		}
		failure = err
		saysNothing := errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) ||
			strings.Contains(err.Error(), "http2: client conn could not be established")
		if !saysNothing {
			break
		}
	}
	return failure
}

// speaksPlaintext is what a client gets that does not use TLS.
func speaksPlaintext(s server) (string, error) {
	response, err := (&http.Client{Timeout: 5 * time.Second}).Get("http://" + s.address() + "/")
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

// words are those of an error.
func words(err error) string {
	if err == nil {
		return ""
	}
	return strings.TrimSpace(err.Error())
}
