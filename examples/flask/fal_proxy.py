"""A fal proxy for Flask in one file: paste it into your project and register its blueprint.

Browsers call /api/fal/proxy and name the fal URL in a header; the key is added here and stays here.
Set FAL_KEY, and in FAL_PROXY_ENDPOINTS what may run, e.g. fal-ai/flux/dev,fal-ai/kokoro/**
Marks such as P-10 are rules of PROTOCOL.md. It needs nothing but Flask.
"""
import os
import re
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, abort, make_response, request

METHODS = ["GET", "POST", "PUT", "DELETE"]
HOSTS = {"fal.run", "queue.fal.run", "rest.fal.ai"}
UPLOADS = {"storage/upload/initiate", "storage/upload/initiate-multipart"}
# Plain segments only, not "." or "..": nothing is left that a server behind could decode (P-11).
PATH = re.compile(r"(?:/(?!\.\.?(?:/|$))[\w.~-]+)+", re.ASCII)
# What passes, either way. Cookies, addresses, CORS, HSTS and caching do not (P-28 to P-33, P-44).
SENT = re.compile(r"accept|accept-encoding|content-type|user-agent|x-(app-)?fal-.+")
OURS = re.compile(r"x-fal-(target-url|client-proxy|request-id|cdn-token|user-id)")
RETURNED = re.compile(r"content-(type|length|encoding)|retry-after|location|x-fal-.+")

ENDPOINTS = [e.strip() for e in os.environ.get("FAL_PROXY_ENDPOINTS", "").split(",")]
PAIR = ":".join(os.environ.get(name, "") for name in ("FAL_KEY_ID", "FAL_KEY_SECRET"))
KEY = re.sub(r"^Key\s+", "", os.environ.get("FAL_KEY", PAIR).strip(" \"'"))
# For tests (P-71): https://HOST/PATH goes to $FAL_PROXY_UPSTREAM/HOST/PATH, on this machine.
UPSTREAM = urlsplit(os.environ.get("FAL_PROXY_UPSTREAM", ""))
if UPSTREAM.hostname not in {None, "127.0.0.1", "::1", "localhost"}:
    raise ValueError("FAL_PROXY_UPSTREAM must be a loopback address")

fal_proxy = Blueprint("fal_proxy", __name__)


def refuse(status, code, message, **headers):
    """Ends the call with an error as fal's clients read it (P-54)."""
    error = {"message": message, "detail": message, "code": code}
    abort(make_response(error, status, headers))


@fal_proxy.after_request
def never_stored(response):
    """All targets share one URL: a cache would mix them up (P-45). Events are not held (P-49)."""
    streams = response.mimetype == "text/event-stream"
    response.headers["cache-control"] = "no-store, no-transform" if streams else "no-store"
    response.headers["x-accel-buffering"] = "no"
    response.headers["vary"] = "x-fal-target-url"
    return response


def judge(method, text):
    """Answers host and path to call and whether it costs money, or refuses (P-06 to P-19)."""
    # Python's parser takes nearly anything: non-ASCII, "\" and a second URL are refused before it.
    if not re.fullmatch(r"[!-\[\]-~]+", text) or re.search(r",\w+://", text):
        refuse(400, "invalid_target", "Name one fal URL in the header x-fal-target-url.")
    try:
        scheme, host, path, query, _ = urlsplit(text)
    except ValueError:
        refuse(400, "invalid_target", "The target is not a URL.")
    if scheme != "https" or not PATH.fullmatch(path):
        refuse(400, "invalid_target", "The target must be an https URL with a plain path.")
    if host not in HOSTS:  # all of the authority: a user or a port would be part of it
        refuse(400, "target_not_allowed", "The target is on none of fal's hosts.")
    target, path = (host, f"{path}?{query}" if query else path), path[1:]

    if host == "rest.fal.ai":
        if method != "POST" or path not in UPLOADS:
            refuse(400, "target_not_allowed", "Only uploads are allowed on rest.fal.ai.")
        return *target, True
    parts = path.split("/")
    depth = 3 if parts[0] in ("workflows", "comfy") else 2
    if host == "queue.fal.run" and parts[depth:][:1] == ["requests"] and method != "POST":
        # Status, result and cancel name the app alone: any entry inside it will do (P-18).
        app = "/".join(parts[:depth])
        inside = (f"{e}/".startswith(f"{app}/") or below(e, app) for e in ENDPOINTS)
        costs = method != "GET"
    else:
        inside = (e in (path, path.removesuffix("/stream")) or below(e, path) for e in ENDPOINTS)
        costs = True
    if not any(inside):
        refuse(400, "endpoint_not_allowed", f"FAL_PROXY_ENDPOINTS does not list {path}.")
    return *target, costs


def below(entry, path):
    return entry.endswith("/**") and path.startswith(entry[:-2])


def read_body(length):
    """The body piece by piece; one that breaks off must never look whole to fal (P-38)."""
    while piece := request.stream.read(65536):
        yield piece
        length -= len(piece)
    if length > 0:
        raise ConnectionError("the caller broke off")


# Every method comes here, so that all but four are refused in one place (P-04).
@fal_proxy.route("/api/fal/proxy", methods=[*METHODS, "HEAD", "OPTIONS", "PATCH", "TRACE"])
def proxy():
    if request.method not in METHODS:
        refuse(405, "method_not_allowed", "Use GET, POST or PUT.", allow=", ".join(METHODS))
    host, path, costs = judge(request.method, request.headers.get("x-fal-target-url", ""))
    if ":" not in KEY.strip(":"):
        refuse(500, "no_credentials", "Set FAL_KEY to a key from https://fal.ai/dashboard/keys.")

    given = {name.lower(): value for name, value in request.headers}
    length, coding = given.get("content-length", "0"), given.get("transfer-encoding")
    if not length.isdigit() or coding and (coding != "chunked" or "content-length" in given):
        refuse(400, "invalid_request", "The length of the body is ambiguous.")  # P-69
    hop = re.split(r"[\s,]+", given.get("connection", "").lower())
    names = {n for n in given if SENT.fullmatch(n) and not OURS.fullmatch(n)}.difference(hop)
    sent = {n: given[n] for n in names if given[n].isprintable()}
    sent |= {"authorization": f"Key {KEY}", "x-fal-client-proxy": "flask"}
    if length != "0":
        sent["content-length"] = length  # else http.client sends chunks
    body = read_body(int(length)) if coding or length != "0" else None

    # http.client follows no redirects, repeats no call and decodes no reply (P-41, P-42, P-57).
    local = UPSTREAM.netloc
    fal = HTTPConnection(local, timeout=10) if local else HTTPSConnection(host, timeout=10)
    try:
        fal.connect()
        fal.sock.settimeout(3600)  # seconds of silence: videos take long (P-53)
    except OSError:
        refuse(502, "upstream_unreachable", "fal cannot be reached.")
    try:
        fal.request(request.method, f"/{host}{path}" if local else path, body, sent)
        answer = fal.getresponse()
    except (OSError, HTTPException):
        fal.close()
        if costs:  # it may have run, and clients repeat a 502: they would buy it again (P-57)
            refuse(500, "upstream_unknown", "The connection to fal broke; the call may have run.")
        refuse(502, "upstream_unreachable", "The connection to fal broke.")

    def read_answer():
        while piece := answer.read1(65536):  # what has come, at once (P-46)
            yield piece
        if answer.length:
            raise ConnectionError("fal broke off")  # the server closes the connection (P-52)

    headers = [(n, v) for n, v in answer.getheaders() if RETURNED.fullmatch(n.lower())]
    response = Response(read_answer(), answer.status)
    response.headers.clear()  # Flask's own content type
    response.headers.extend(headers)
    response.call_on_close(fal.close)  # also when the caller has left (P-50)
    return response


def create_app():
    app = Flask(__name__)
    app.register_blueprint(fal_proxy)
    return app
