// A fal proxy for net/http in one file: paste it into your project and mount falProxy.
//
// Browsers call /api/fal/proxy and name the fal URL in a header; the key is added here and stays
// here. Set FAL_KEY, and in FAL_PROXY_ENDPOINTS what may run, e.g. fal-ai/flux/dev,fal-ai/kokoro/**
// Marks such as P-10 are rules of PROTOCOL.md. It needs nothing but the standard library.
package main

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"regexp"
	"strings"
	"time"
)

var (
	endpoints = strings.Split(os.Getenv("FAL_PROXY_ENDPOINTS"), ",")
	hosts     = regexp.MustCompile(`^(fal\.run|queue\.fal\.run|rest(\.alpha)?\.fal\.ai)$`) // the second is the old name (P-83)
	uploads   = regexp.MustCompile(`^/storage/upload/initiate(-multipart)?$`)
	// Go's parser takes nearly anything: what is no printable ASCII, "\" and a second URL go first.
	noTarget  = regexp.MustCompile(`^$|[^!-\[\]-~]|,\w+://`)
	maxTarget = 8192 // bytes (P-80)
	// Nothing is left that a server behind could decode (P-11).
	plainPath = regexp.MustCompile(`^(/[\w.~-]+)+$`)
	// What fetch writes by itself for a text, JSON as well (P-82).
	saysNothing = regexp.MustCompile(`(?i)^\s*(text/plain\s*(;.*)?)?$`)
	// What passes to fal, by whole names: any user could send the others (P-28 to P-33, P-73).
	sent = regexp.MustCompile(`(?i)^(Accept|Accept-Encoding|Content-Type|User-Agent|X-App-Fal-Disable-Fallback` +
		`|X-Fal-(Request-(Start-)?Timeout|Queue-Priority|Runner-Hint|Object-Lifecycle(-Preference)?|Store-IO` +
		`|No-Retry|Retry-Config|Disable-Fallbacks|Tags|File-Name|User-Agent))$`)
	// What passes back: the rest would speak for your site, its CDN or its server (P-43, P-44).
	returned = regexp.MustCompile(`^(Content-(Type|Length|Encoding|Language|Range)|Accept-Ranges|Retry-After` +
		`|Ratelimit(-(Policy|Limit|Remaining|Reset))?|Location|X-Fal-.+)$`)
	// Where a location may lead: a relative one would lead to your own site (P-74).
	onFal = regexp.MustCompile(`^https://([a-z0-9-]+\.)*fal\.(run|ai|media)([/?#][!-\[\]-~]*)?$`)
)

// A Transport follows no redirect and, told so, decodes nothing (P-41, P-42); videos take long (P-53).
var fal = &http.Transport{
	DialContext:           (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
	DisableCompression:    true,
	ResponseHeaderTimeout: time.Hour,
}

// judge answers the URL to call and whether that costs money, or why not (P-06 to P-19).
func judge(method string, targets []string) (target *url.URL, costs bool, code, reason string) {
	if len(targets) != 1 || len(targets[0]) > maxTarget || noTarget.MatchString(targets[0]) {
		return nil, false, "invalid_target", "Name one fal URL in the header x-fal-target-url."
	}
	given, err := url.Parse(targets[0])
	if err != nil || given.Scheme != "https" || given.User != nil ||
		!plainPath.MatchString(given.EscapedPath()) || path.Clean(given.Path) != given.Path {
		return nil, false, "invalid_target", "The target must be an https URL with a plain path."
	}
	if !hosts.MatchString(given.Host) { // a port would be part of it
		return nil, false, "target_not_allowed", "The target is on none of fal's hosts."
	}
	// Rebuilt from the parts that are judged (P-12).
	target = &url.URL{Scheme: "https", Host: given.Host, Path: given.Path, RawQuery: given.RawQuery}
	if strings.HasPrefix(target.Host, "rest.") {
		if method != "POST" || !uploads.MatchString(target.Path) {
			return nil, false, "target_not_allowed", "Only uploads are allowed on this host."
		}
		return target, true, "", ""
	}

	id := target.Path[1:]
	parts, depth := strings.Split(id, "/"), 2
	if parts[0] == "workflows" || parts[0] == "comfy" {
		depth = 3
	}
	ofRequest := target.Host == "queue.fal.run" && method != "POST" && len(parts) > depth && parts[depth] == "requests"
	if ofRequest { // status, result and cancel name the app alone: any entry inside it will do (P-18)
		id = strings.Join(parts[:depth], "/")
	}
	for _, entry := range endpoints {
		entry = strings.TrimSpace(entry)
		if strings.HasSuffix(entry, "/**") && strings.HasPrefix(id, entry[:len(entry)-2]) ||
			ofRequest && strings.HasPrefix(entry+"/", id+"/") ||
			!ofRequest && (entry == id || entry == strings.TrimSuffix(id, "/stream")) {
			return target, !ofRequest || method != "GET", "", ""
		}
	}
	return nil, false, "endpoint_not_allowed", "FAL_PROXY_ENDPOINTS does not list " + id + "."
}

// falProxy relays calls with this key. For tests (P-71), https://HOST/PATH goes to upstream/HOST/PATH.
func falProxy(key string, upstream *url.URL) http.HandlerFunc {
	_, secret, _ := strings.Cut(key, ":") // no header of fal's may show it (P-75)
	return func(w http.ResponseWriter, r *http.Request) {
		own := w.Header()
		own.Set("Cache-Control", "no-store") // all targets share one URL: caches would mix them (P-45)
		own.Set("Vary", "X-Fal-Target-Url")
		// Nothing that a model returns may act as a page of this site (P-76).
		own.Set("Content-Security-Policy", "sandbox; default-src 'none'")
		own.Set("Cross-Origin-Resource-Policy", "same-origin")
		own.Set("X-Content-Type-Options", "nosniff")
		if r.TransferEncoding != nil {
			own.Set("Connection", "close") // Go hides a length beside the chunks: trust no rest (P-69)
		}
		switch r.Method {
		case "GET", "POST", "PUT", "DELETE":
		default:
			own.Set("Allow", "GET, POST, PUT, DELETE")
			refuse(w, 405, "method_not_allowed", "Use GET, POST or PUT.")
			return
		}
		if r.Header.Get("Sec-Fetch-Site") == "cross-site" { // another site's page (P-77)
			refuse(w, 403, "origin_not_allowed", "Call it from a page of this site.")
			return
		}
		target, costs, code, reason := judge(r.Method, r.Header.Values("X-Fal-Target-Url"))
		if code != "" {
			refuse(w, 400, code, reason)
			return
		}
		if upstream != nil {
			target.Path = "/" + target.Host + target.Path
			target.Scheme, target.Host = upstream.Scheme, upstream.Host
		}

		call := &http.Request{Method: r.Method, URL: target, Header: http.Header{}, Body: r.Body, ContentLength: r.ContentLength}
		if r.Method == "GET" {
			// A Transport repeats a GET without a body on a connection that went dead. A run by GET
			// must not be bought twice (P-57), so this one seems to have a body.
			call.Body = struct{ io.ReadCloser }{r.Body}
		}
		hop := strings.Join(r.Header.Values("Connection"), ",") + ","
		for name, values := range r.Header {
			isHop, _ := regexp.MatchString(`(?i)(^|[\s,])`+regexp.QuoteMeta(name)+`[\s,]`, hop)
			if sent.MatchString(name) && !isHop {
				call.Header[name] = values
			}
		}
		if saysNothing.MatchString(call.Header.Get("Content-Type")) && r.ContentLength != 0 {
			call.Header.Set("Content-Type", "application/json") // P-82
		}
		call.Header.Set("Authorization", "Key "+key)
		call.Header.Set("X-Fal-Client-Proxy", "go")

		// The context ends with the caller's connection, and ends the call to fal (P-50, P-51).
		answer, err := fal.RoundTrip(call.WithContext(r.Context()))
		if err == nil && (answer.StatusCode < 200 || answer.StatusCode > 599) {
			answer.Body.Close()
			err = errors.New("nothing that a server can say") // P-78
		}
		if err != nil {
			var dialing *net.OpError
			if errors.As(err, &dialing) && dialing.Op == "dial" || !costs {
				refuse(w, 502, "upstream_unreachable", "fal cannot be reached.")
			} else { // it may have run, and clients repeat a 502: they would buy it again (P-57)
				refuse(w, 500, "upstream_unknown", "The connection to fal broke; the call may have run.")
			}
			return
		}
		defer answer.Body.Close()
		own["Content-Type"] = nil // none is guessed
		for name, values := range answer.Header {
			value := values[0] // a field that came twice is written once (P-79)
			isSecret := name == "X-Fal-Cdn-Token" || strings.Contains(value, secret)
			leadsAway := name == "Location" && !onFal.MatchString(value)
			if returned.MatchString(name) && !isSecret && !leadsAway {
				own[name] = []string{value}
			}
		}
		if strings.HasPrefix(own.Get("Content-Type"), "text/event-stream") {
			own.Set("Cache-Control", "no-store, no-transform") // or compressors hold events (P-49)
			own.Set("X-Accel-Buffering", "no")
		}
		if answer.StatusCode == 204 || answer.StatusCode == 205 || answer.StatusCode == 304 {
			own.Del("Content-Length")
			w.WriteHeader(answer.StatusCode) // they end with their head (P-79)
			return
		}
		w.WriteHeader(answer.StatusCode)
		w.(http.Flusher).Flush()
		if _, err := io.Copy(atOnce{w}, answer.Body); err != nil {
			panic(http.ErrAbortHandler) // closes the connection, so that half a reply shows (P-52)
		}
	}
}

// refuse answers with an error as fal's clients read it (P-54).
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"message": message, "detail": message, "code": code})
}

// atOnce passes every piece on as it comes (P-46); a slow reader makes it wait (P-48).
type atOnce struct{ http.ResponseWriter }

func (w atOnce) Write(piece []byte) (int, error) {
	n, err := w.ResponseWriter.Write(piece)
	w.ResponseWriter.(http.Flusher).Flush()
	return n, err
}

func main() {
	key := os.Getenv("FAL_KEY")
	if key == "" {
		key = os.Getenv("FAL_KEY_ID") + ":" + os.Getenv("FAL_KEY_SECRET")
	}
	key = strings.TrimPrefix(strings.Trim(key, ` "'`), "Key ")
	if !strings.Contains(strings.Trim(key, ":"), ":") {
		log.Fatal("Set FAL_KEY to a key from https://fal.ai/dashboard/keys")
	}
	upstream, _ := url.Parse(os.Getenv("FAL_PROXY_UPSTREAM"))
	if upstream == nil || upstream.Host == "" {
		upstream = nil
	} else if ip := net.ParseIP(upstream.Hostname()); ip == nil || !ip.IsLoopback() {
		log.Fatal("FAL_PROXY_UPSTREAM must be a loopback address")
	}
	http.Handle("/api/fal/proxy", falProxy(key, upstream))
	server := &http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.ListenAndServe())
}
