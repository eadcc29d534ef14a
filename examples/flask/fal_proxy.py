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
UPLOAD_HOSTS = {"rest.fal.ai", "rest.alpha.fal.ai"}  # the second is its old name (P-83)
HOSTS = {"fal.run", "queue.fal.run", *UPLOAD_HOSTS}
UPLOADS = {"storage/upload/initiate", "storage/upload/initiate-multipart"}
# Plain segments only, not "." or "..": nothing is left that a server behind could decode (P-11).
PATH = re.compile(r"(?:/(?!\.\.?(?:/|$))[\w.~-]+)+", re.ASCII)
# What passes to fal, by whole names: any user could send the others (P-28 to P-33, P-73).
SENT = set("""
    accept accept-encoding content-type user-agent x-fal-user-agent
    x-fal-request-timeout x-fal-request-start-timeout x-fal-queue-priority x-fal-runner-hint
    x-fal-object-lifecycle x-fal-object-lifecycle-preference x-fal-store-io x-fal-no-retry
    x-fal-retry-config x-fal-disable-fallbacks x-app-fal-disable-fallback x-fal-tags
    x-fal-file-name
""".split())
# What passes back: the rest would speak for your site, its CDN or its server (P-43, P-44).
RETURNED = re.compile(
    r"content-(type|length|encoding|language|range)|accept-ranges|retry-after|location"
    r"|ratelimit(-(policy|limit|remaining|reset))?|x-fal-(?!cdn-token$).+"
)
# Where a location may lead: a relative one would lead to your own site (P-74).
ON_FAL = re.compile(r"https://([a-z0-9-]+\.)*fal\.(run|ai|media)([/?#][!-\[\]-~]*)?")

ENDPOINTS = [e.strip() for e in os.environ.get("FAL_PROXY_ENDPOINTS", "").split(",")]
PAIR = ":".join(os.environ.get(name, "") for name in ("FAL_KEY_ID", "FAL_KEY_SECRET"))
KEY = re.sub(r"^Key\s+", "", os.environ.get("FAL_KEY", PAIR).strip(" \"'"))
SECRET = KEY.partition(":")[2]
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
def on_this_site(response):
    """All targets share one URL: a cache would mix them up (P-45). Events are not held (P-49).
    And nothing that a model returns may act as a page of this site (P-76)."""
    streams = response.mimetype == "text/event-stream"
    response.headers["cache-control"] = "no-store, no-transform" if streams else "no-store"
    response.headers["x-accel-buffering"] = "no"
    response.headers["vary"] = "x-fal-target-url"
    response.headers["content-security-policy"] = "sandbox; default-src 'none'"
    response.headers["cross-origin-resource-policy"] = "same-origin"
    response.headers["x-content-type-options"] = "nosniff"
    return response


def judge(method, text):
    """Answers host and path to call and whether it costs money, or refuses (P-06 to P-19)."""
    # Python's parser takes nearly anything: non-ASCII, "\" and a second URL are refused before it.
    if not re.fullmatch(r"[!-\[\]-~]{1,8192}", text) or re.search(r",\w+://", text):
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

    if host in UPLOAD_HOSTS:
        if method != "POST" or path not in UPLOADS:
            refuse(400, "target_not_allowed", "Only uploads are allowed on this host.")
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


def returned(headers):
    """What the caller receives of fal's headers, once each, and without the key (P-75)."""
    kept = {}
    for name, value in headers:
        name = name.lower()
        if not RETURNED.fullmatch(name) or SECRET in value:
            continue
        if name != "location" or ON_FAL.fullmatch(value):
            kept.setdefault(name, value)
    return kept


def told_type(text):
    """A body's type; what fetch writes by itself for a text says nothing (P-82)."""
    return "application/json" if text.lower().split(";")[0].strip() in ("", "text/plain") else text


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
    if request.headers.get("sec-fetch-site") == "cross-site":  # another site's page (P-77)
        refuse(403, "origin_not_allowed", "Call it from a page of this site.")
    host, path, costs = judge(request.method, request.headers.get("x-fal-target-url", ""))
    if ":" not in KEY.strip(":"):
        refuse(500, "no_credentials", "Set FAL_KEY to a key from https://fal.ai/dashboard/keys.")

    given = {name.lower(): value for name, value in request.headers}
    length, coding = given.get("content-length", "0"), given.get("transfer-encoding")
    if not length.isdigit() or coding and (coding != "chunked" or "content-length" in given):
        refuse(400, "invalid_request", "The length of the body is ambiguous.")  # P-69
    hop = re.split(r"[\s,]+", given.get("connection", "").lower())
    names = SENT.intersection(given).difference(hop)
    sent = {n: given[n] for n in names if given[n].isprintable()}
    sent |= {"authorization": f"Key {KEY}", "x-fal-client-proxy": "flask"}
    if length != "0" or coding:
        sent["content-type"] = told_type(sent.get("content-type", ""))
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
        if not 200 <= answer.status <= 599:  # nothing that a server can say (P-78)
            raise HTTPException("not a status")
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

    headers, body = returned(answer.getheaders()), read_answer()
    if answer.status in (204, 205, 304):  # they end with their head (P-79)
        headers.pop("content-length", None)
        body = ()
    response = Response(body, answer.status)
    response.headers.clear()  # Flask's own content type
    response.headers.extend(headers)
    response.call_on_close(fal.close)  # also when the caller has left (P-50)
    return response


def create_app():
    app = Flask(__name__)
    app.register_blueprint(fal_proxy)
    return app
