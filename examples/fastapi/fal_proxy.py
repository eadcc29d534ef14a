"""A fal proxy for FastAPI in one file: paste it into your project and include its router.

Browsers call /api/fal/proxy and name the fal URL in a header; the key is added here and stays here.
Set FAL_KEY, and in FAL_PROXY_ENDPOINTS what may run, e.g. fal-ai/flux/dev,fal-ai/kokoro/**
Marks such as P-10 are rules of PROTOCOL.md. It needs FastAPI and httpx.
"""
import asyncio
import os
import re
from urllib.parse import urlsplit

import httpx
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.requests import ClientDisconnect

METHODS = ["GET", "POST", "PUT", "DELETE"]
UPLOAD_HOSTS = {"rest.fal.ai", "rest.alpha.fal.ai"}  # the second is its old name (P-83)
HOSTS = {"fal.run", "queue.fal.run", *UPLOAD_HOSTS}
UPLOADS = {"storage/upload/initiate", "storage/upload/initiate-multipart"}
# Plain segments only, not "." or "..": nothing is left that a server behind could decode (P-11).
PATH = re.compile(r"(?:/(?!\.\.?(?:/|$))[\w.~-]+)+", re.ASCII)
# What passes to fal, by whole names: any user could send the others (P-28 to P-33, P-73).
SENT = set("""
    accept accept-encoding content-type content-length user-agent x-fal-user-agent
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
UPSTREAM = os.environ.get("FAL_PROXY_UPSTREAM", "")
if urlsplit(UPSTREAM).hostname not in {None, "127.0.0.1", "::1", "localhost"}:
    raise ValueError("FAL_PROXY_UPSTREAM must be a loopback address")

# Nothing of the machine's own settings (.netrc, HTTP_PROXY). Videos take up to an hour (P-53).
fal = httpx.AsyncClient(
    trust_env=False,
    timeout=httpx.Timeout(3600, connect=10, pool=None),
    limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
)
router = APIRouter()


class Refused(Exception):
    """Ends the call with an error as fal's clients read it (P-54)."""

    def __init__(self, status, code, message, **headers):
        error = {"message": message, "detail": message, "code": code}
        self.response = JSONResponse(error, status, headers | on_this_site())


def on_this_site(content_type=""):
    """All targets share one URL: a cache would mix them up (P-45). Events are not held (P-49).
    And nothing that a model returns may act as a page of this site (P-76)."""
    streams = content_type.startswith("text/event-stream")
    return {
        "cache-control": "no-store, no-transform" if streams else "no-store",
        "x-accel-buffering": "no",
        "vary": "x-fal-target-url",
        "content-security-policy": "sandbox; default-src 'none'",
        "cross-origin-resource-policy": "same-origin",
        "x-content-type-options": "nosniff",
    }


def returned(answer):
    """What the caller receives of fal's headers, once each, and without the key (P-75)."""
    kept = {}
    for name, value in answer.headers.raw:  # bytes, and a field that came twice is not joined
        name, value = name.decode("latin-1").lower(), value.decode("latin-1")
        if not RETURNED.fullmatch(name) or SECRET in value:
            continue
        if name != "location" or ON_FAL.fullmatch(value):
            kept.setdefault(name, value)
    return kept | on_this_site(kept.get("content-type", ""))


def judge(method, text):
    """Answers the URL to call and whether it costs money, or refuses (P-06 to P-19)."""
    # Python's parser takes nearly anything: non-ASCII, "\" and a second URL are refused before it.
    if not re.fullmatch(r"[!-\[\]-~]{1,8192}", text) or re.search(r",\w+://", text):
        raise Refused(400, "invalid_target", "Name one fal URL in the header x-fal-target-url.")
    try:
        scheme, host, path, query, _ = urlsplit(text)
    except ValueError:
        raise Refused(400, "invalid_target", "The target is not a URL.")
    if scheme != "https" or not PATH.fullmatch(path):
        raise Refused(400, "invalid_target", "The target must be an https URL with a plain path.")
    if host not in HOSTS:  # all of the authority: a user or a port would be part of it
        raise Refused(400, "target_not_allowed", "The target is on none of fal's hosts.")
    url = (f"{UPSTREAM}/{host}" if UPSTREAM else f"https://{host}") + path + (query and f"?{query}")

    path = path[1:]
    if host in UPLOAD_HOSTS:
        if method != "POST" or path not in UPLOADS:
            raise Refused(400, "target_not_allowed", "Only uploads are allowed on this host.")
        return url, True
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
        raise Refused(400, "endpoint_not_allowed", f"FAL_PROXY_ENDPOINTS does not list {path}.")
    return url, costs


def below(entry, path):
    return entry.endswith("/**") and path.startswith(entry[:-2])


def told_type(text):
    """A body's type; what fetch writes by itself for a text says nothing (P-82)."""
    return "application/json" if text.lower().split(";")[0].strip() in ("", "text/plain") else text


async def caller_leaves(receive, uploaded):
    """Settles when the caller has gone; until the body is read, reading it tells."""
    await uploaded.wait()
    while (await receive())["type"] != "http.disconnect":
        pass


async def unless(leaving, work):
    """Does the work, or stops it at once when the caller leaves (P-50, P-51)."""
    working = asyncio.ensure_future(work)
    await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
    if not working.done():
        working.cancel()
        raise ClientDisconnect()
    if working.exception():
        leaving.cancel()
    return working.result()


class Relayed(StreamingResponse):
    """Passes fal's answer on as it comes (P-46), undecoded (P-42), at the caller's pace (P-48)."""

    def __init__(self, answer, leaving):
        super().__init__(answer.aiter_raw(), answer.status_code, returned(answer))
        self.answer, self.leaving = answer, leaving

    async def __call__(self, scope, receive, send):
        try:
            # When fal breaks off this raises, and the server closes the connection (P-52).
            await unless(self.leaving, self.stream_response(send))
        except ClientDisconnect:
            pass
        finally:
            self.leaving.cancel()
            await self.answer.aclose()


async def relay(request):
    method = request.method
    if method not in METHODS:
        raise Refused(405, "method_not_allowed", "Use GET, POST or PUT.", allow=", ".join(METHODS))
    if request.headers.get("sec-fetch-site") == "cross-site":  # another site's page (P-77)
        raise Refused(403, "origin_not_allowed", "Call it from a page of this site.")
    targets = request.headers.getlist("x-fal-target-url")
    url, costs = judge(method, targets[0] if len(targets) == 1 else "")
    if ":" not in KEY.strip(":"):
        raise Refused(500, "no_credentials", "Set FAL_KEY to a key from fal.ai/dashboard/keys.")

    given = dict(request.headers)
    hop = re.split(r"[\s,]+", given.get("connection", "").lower())
    names = SENT.intersection(given).difference(hop)
    sent = {"accept-encoding": "identity", **{n: given[n] for n in names}}
    sent |= {"authorization": f"Key {KEY}", "x-fal-client-proxy": "fastapi"}
    chunked = "transfer-encoding" in given
    if chunked or given.get("content-length", "0") != "0":
        sent["content-type"] = told_type(sent.get("content-type", ""))
    if chunked and "content-length" in given:  # P-69
        message = "The length of the body is ambiguous."
        raise Refused(400, "invalid_request", message, connection="close")

    uploaded = asyncio.Event()

    async def upload():
        async for piece in request.stream():  # a caller who breaks off raises here (P-38)
            yield piece
        uploaded.set()

    body = upload() if chunked or given.get("content-length", "0") != "0" else None
    if body is None:
        uploaded.set()
    call = fal.build_request(method, url, headers=sent, content=body)
    leaving = asyncio.ensure_future(caller_leaves(request.receive, uploaded))
    try:
        # httpx follows no redirect and repeats no call unless it is told to (P-41, P-57).
        answer = await unless(leaving, fal.send(call, stream=True))
        if answer.status_code not in (204, 205, 304) and 200 <= answer.status_code <= 599:
            return Relayed(answer, leaving)
        leaving.cancel()
        await answer.aclose()
        if not 200 <= answer.status_code <= 599:  # nothing that a server can say (P-78)
            raise httpx.RemoteProtocolError("not a status")
        headers = {n: v for n, v in returned(answer).items() if n != "content-length"}
        return Response(None, answer.status_code, headers)  # they end with their head (P-79)
    except httpx.TransportError as error:
        unsent = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout))
        if unsent or not costs:
            raise Refused(502, "upstream_unreachable", "fal cannot be reached.")
        # It may have run, and clients repeat a 502: they would buy it again (P-57).
        raise Refused(500, "upstream_unknown", "The connection broke; the call may have run.")


# Every method comes here, so that all but four are refused in one place (P-04).
ALL = [*METHODS, "HEAD", "OPTIONS", "PATCH", "TRACE"]


@router.api_route("/api/fal/proxy", methods=ALL, include_in_schema=False)
async def proxy(request: Request):
    try:
        return await relay(request)
    except Refused as refused:
        return refused.response
    except ClientDisconnect:
        return Response(status_code=499)  # nobody reads it


app = FastAPI()
app.include_router(router)
