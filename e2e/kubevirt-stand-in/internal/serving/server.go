// Package serving is the HTTPS server of the stand-in, which kube-apiserver calls for the aggregated API and
// for admission, and how kube-apiserver comes to trust it.
package serving

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"knest.dev/e2e/kubevirt-stand-in/internal/admission"
	"knest.dev/e2e/kubevirt-stand-in/internal/subresources"
)

const (
	address     = ":8443"
	service     = "virt-api"
	accountName = "kubevirt-stand-in"
)

// Server runs under a manager.
type Server struct {
	kube       client.Client
	direct     client.Reader
	namespace  string
	authority  authority
	frontProxy frontProxy
}

// New makes a certificate authority that lives as long as the process.
func New(manager ctrl.Manager, namespace string) (*Server, error) {
	authority, err := newAuthority(fmt.Sprintf("%s.%s.svc", service, namespace))
	return &Server{kube: manager.GetClient(), direct: manager.GetAPIReader(), namespace: namespace, authority: authority}, err
}

// Start serves until the context ends. The installation says Deployed once kube-apiserver can call.
func (s *Server) Start(ctx context.Context) error {
	if err := s.readFrontProxy(ctx); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/apis/", s.frontProxy.only(subresources.Handler(s.kube, s.direct)))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	for path, handler := range admission.Handlers("system:serviceaccount:" + s.namespace + ":" + accountName) {
		mux.Handle("POST "+path, handler)
	}
	server := &http.Server{
		Addr: address, Handler: mux, ReadHeaderTimeout: 10 * time.Second,
		// Without HTTP/2: a WebSocket begins with HTTP/1.1.
		TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{s.authority.leaf}, NextProtos: []string{"http/1.1"},
			ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: s.frontProxy.authorities,
		},
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
		ErrorLog:     log.New(os.Stderr, "https: ", log.LstdFlags),
	}
	failure := make(chan error, 1)
	go func() { failure <- server.ListenAndServeTLS("", "") }()
	if err := s.announce(ctx); err != nil {
		return err
	}
	select {
	case err := <-failure:
		return err
	case <-ctx.Done():
		return server.Close()
	}
}

// frontProxy knows kube-apiserver's aggregator by its client certificate (--requestheader-client-ca-file).
type frontProxy struct {
	authorities *x509.CertPool
	names       string
}

func (s *Server) readFrontProxy(ctx context.Context) error {
	settings := &corev1.ConfigMap{}
	key := client.ObjectKey{Namespace: "kube-system", Name: "extension-apiserver-authentication"}
	if err := s.direct.Get(ctx, key, settings); err != nil {
		return fmt.Errorf("read how the aggregator identifies itself: %w", err)
	}
	s.frontProxy = frontProxy{authorities: x509.NewCertPool(), names: settings.Data["requestheader-allowed-names"]}
	if !s.frontProxy.authorities.AppendCertsFromPEM([]byte(settings.Data["requestheader-client-ca-file"])) {
		return errors.New("the cluster has no aggregator: its API server has no --requestheader-client-ca-file")
	}
	return nil
}

// only lets the aggregator in: it has authenticated and authorized whoever asks.
func (proxy frontProxy) only(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, chain := range r.TLS.VerifiedChains {
			name := chain[0].Subject.CommonName
			if proxy.names == "" || proxy.names == "[]" || strings.Contains(proxy.names, `"`+name+`"`) {
				next.ServeHTTP(w, r)
				return
			}
		}
		http.Error(w, "only the aggregator may ask", http.StatusUnauthorized)
	})
}
