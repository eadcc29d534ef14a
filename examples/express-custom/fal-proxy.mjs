/**
 * A fal proxy for Express 4 or 5 in one file, without a package: paste it into your project and mount `falProxy`.
 *
 * Browsers call /api/fal/proxy and name the fal URL in a header; the key is added here and stays here.
 * Set FAL_KEY, and in FAL_PROXY_ENDPOINTS what may run, e.g. fal-ai/flux/dev,fal-ai/kokoro/**
 * Marks such as P-10 are rules of PROTOCOL.md. It needs nothing but Express.
 */
import http from "node:http";
import https from "node:https";
import { pipeline } from "node:stream";
import { pathToFileURL } from "node:url";
import express from "express";

const methods = ["GET", "POST", "PUT", "DELETE"];
// The second is the old name of the first (P-83).
const uploadHosts = ["rest.fal.ai", "rest.alpha.fal.ai"];
const hosts = ["fal.run", "queue.fal.run", ...uploadHosts];
const uploads = /^\/storage\/upload\/initiate(-multipart)?$/;
// Plain segments only: nothing is left that a server behind could decode (P-11).
const plainPath = /^(\/[\w.~-]+)+$/;
const words = (text) => new Set(text.trim().split(/\s+/));
// What passes to fal, by whole names: any user could send the others (P-28 to P-33, P-73).
const sent = words(`
  accept accept-encoding content-type content-length user-agent x-fal-user-agent
  x-fal-request-timeout x-fal-request-start-timeout x-fal-queue-priority x-fal-runner-hint
  x-fal-object-lifecycle x-fal-object-lifecycle-preference x-fal-store-io x-fal-no-retry
  x-fal-retry-config x-fal-disable-fallbacks x-app-fal-disable-fallback x-fal-tags x-fal-file-name
`);
// What passes back beside x-fal-*: the rest would speak for your site, its CDN or its server (P-43, P-44).
const returned = words(`
  content-type content-length content-encoding content-language content-range accept-ranges
  retry-after location ratelimit ratelimit-policy ratelimit-limit ratelimit-remaining ratelimit-reset
`);
// Where a location may lead: a relative one would lead to your own site (P-74).
const onFal = /^https:\/\/([a-z0-9-]+\.)*fal\.(run|ai|media)([/?#][!-[\]-~]*)?$/;

const { FAL_KEY, FAL_KEY_ID = "", FAL_KEY_SECRET = "", FAL_PROXY_ENDPOINTS = "" } = process.env;
const endpoints = FAL_PROXY_ENDPOINTS.split(",").map((entry) => entry.trim());
const key = (FAL_KEY ?? `${FAL_KEY_ID}:${FAL_KEY_SECRET}`).replace(
  /^[\s"']*(Key\s+)?|[\s"']+$/g,
  "",
);
const secret = key.slice(key.indexOf(":") + 1);
// For tests (P-71): https://HOST/PATH goes to $FAL_PROXY_UPSTREAM/HOST/PATH, on this machine.
const upstream = process.env.FAL_PROXY_UPSTREAM;
if (upstream && !/^http:\/\/(127\.0\.0\.1|\[::1\]|localhost)(:\d+)?$/.test(upstream)) {
  throw new Error("FAL_PROXY_UPSTREAM must be a loopback address, such as http://127.0.0.1:4100");
}

class Refused extends Error {
  constructor(status, code, message) {
    super(message);
    Object.assign(this, { status, code });
  }
}

/** Answers the URL to call, and whether the call costs money, or throws why not (P-06 to P-19). */
function judge(method, targets = []) {
  const [text = ""] = targets;
  // The parser drops tabs and turns "\" into "/"; a second target may have been joined by a comma.
  if (targets.length !== 1 || !/^[!-[\]-~]{1,8192}$/.test(text) || /,\w+:\/\//.test(text)) {
    throw new Refused(400, "invalid_target", "Name one fal URL in the header x-fal-target-url.");
  }
  // As they were written: the parser drops an empty user and resolves "..", and "%2e%2e" as well.
  const [, authority, path] = /^https:\/\/([^/?#]+)([^?#]*)/.exec(text) ?? [];
  const { host, pathname, search } = URL.canParse(text) ? new URL(text) : {};
  if (!host || host !== authority || pathname !== path || !plainPath.test(pathname)) {
    throw new Refused(400, "invalid_target", "The target must be an https URL with a plain path.");
  }
  if (!hosts.includes(host))
    throw new Refused(400, "target_not_allowed", "The target is on none of fal's hosts.");
  // Rebuilt from the parts that are judged (P-12).
  const url = `${upstream ? `${upstream}/${host}` : `https://${host}`}${pathname}${search}`;
  if (uploadHosts.includes(host)) {
    if (method === "POST" && uploads.test(pathname)) return { url, costs: true };
    throw new Refused(400, "target_not_allowed", "Only uploads are allowed on this host.");
  }

  const id = pathname.slice(1);
  const parts = id.split("/");
  const depth = ["workflows", "comfy"].includes(parts[0]) ? 3 : 2;
  const app = parts.slice(0, depth).join("/");
  const ofRequest = host === "queue.fal.run" && method !== "POST" && parts[depth] === "requests";
  const isListed = endpoints.some((entry) => {
    const below = (path) => entry.endsWith("/**") && path.startsWith(entry.slice(0, -2));
    // Status, result and cancel name the app alone: any entry inside it will do (P-18).
    if (ofRequest) return `${entry}/`.startsWith(`${app}/`) || below(app);
    return entry === id || entry === id.replace(/\/stream$/, "") || below(id);
  });
  if (isListed) return { url, costs: !ofRequest || method !== "GET" };
  throw new Refused(400, "endpoint_not_allowed", `FAL_PROXY_ENDPOINTS does not list ${id}.`);
}

/** Mount it before any body parser: it relays the bytes of the request as they come (P-34, P-39). */
export function falProxy(request, response) {
  // All targets share one URL: a cache would mix them up (P-45).
  response.set({ "cache-control": "no-store", vary: "x-fal-target-url" });
  // Nothing that a model returns may act as a page of this site (P-76).
  response.set("content-security-policy", "sandbox; default-src 'none'");
  response.set("cross-origin-resource-policy", "same-origin");
  response.set("x-content-type-options", "nosniff");
  const refuse = ({ status, code, message }) => {
    if (response.headersSent) response.destroy(); // half a reply must not look whole (P-52)
    else response.status(status).json({ message, detail: message, code });
  };
  try {
    if (!methods.includes(request.method)) {
      response.set("allow", methods.join(", "));
      throw new Refused(405, "method_not_allowed", "Use GET, POST or PUT.");
    }
    if (request.headers["sec-fetch-site"] === "cross-site") {
      // Another site's page (P-77).
      throw new Refused(403, "origin_not_allowed", "Call it from a page of this site.");
    }
    const fields = pairs(request.rawHeaders).filter(([name]) => name === "x-fal-target-url");
    const target = judge(
      request.method,
      fields.map(([, value]) => value),
    );
    if (!/.:./.test(key)) throw new Refused(500, "no_credentials", "Set FAL_KEY.");
    if (request.readableEnded)
      throw new Refused(500, "body_lost", "Mount falProxy before parsers.");
    relay(request, response, target, refuse);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    refuse(error);
  }
}

function relay(request, response, { url, costs }, refuse) {
  const headers = { authorization: `Key ${key}`, "x-fal-client-proxy": "express-custom" };
  const hop = (request.headers.connection ?? "").toLowerCase().split(/[\s,]+/);
  for (const [name, value] of Object.entries(request.headers)) {
    if (sent.has(name) && !hop.includes(name)) headers[name] = value;
  }
  const { "content-length": length = "0", "transfer-encoding": coding } = request.headers;
  // What fetch writes by itself for a text, JSON as well, says nothing (P-82).
  const saysNothing = /^\s*(text\/plain\s*(;.*)?)?$/i.test(headers["content-type"] ?? "");
  if (saysNothing && (coding || length !== "0")) headers["content-type"] = "application/json";
  // node:http follows no redirect, repeats no call and decodes no reply (P-41, P-42, P-57). It knows no limit
  // of time either: videos take long (P-53).
  const call = (upstream ? http : https).request(url, { method: request.method, headers });
  let connected = false;
  call.once("socket", (socket) => {
    if (socket.connecting)
      socket.once(upstream ? "connect" : "secureConnect", () => (connected = true));
    else connected = true;
  });
  const lost = () => {
    call.destroy();
    if (response.writableEnded) return; // told already
    if (!connected || !costs)
      refuse(new Refused(502, "upstream_unreachable", "fal cannot be reached."));
    // It may have run, and clients repeat a 502: they would buy it again (P-57).
    else
      refuse(
        new Refused(500, "upstream_unknown", "The connection to fal broke; the call may have run."),
      );
  };
  call.on("error", lost);
  call.once("upgrade", lost); // a 101, which nobody asked for
  // Whoever leaves, before the answer or in it, ends the call to fal (P-50, P-51); half a body never looks whole (P-38).
  response.once("close", () => call.destroy());
  request.pipe(call);
  call.once("response", (answer) => {
    const { statusCode } = answer;
    if (statusCode < 200 || statusCode > 599) return lost(); // nothing that a server can say (P-78)
    for (const [name, value] of pairs(answer.rawHeaders)) {
      const passes = returned.has(name) || /^x-fal-(?!cdn-token$)/.test(name);
      // Once each (P-79), and never with the key (P-75).
      if (!passes || response.hasHeader(name) || value.includes(secret)) continue;
      if (name !== "location" || onFal.test(value)) response.setHeader(name, value);
    }
    if ([204, 205, 304].includes(statusCode)) {
      response.removeHeader("content-length");
      response.status(statusCode).end(); // they end with their head (P-79)
      return call.destroy();
    }
    if (answer.headers["content-type"]?.startsWith("text/event-stream")) {
      // Or compressors and nginx hold events (P-49).
      response.set({ "cache-control": "no-store, no-transform", "x-accel-buffering": "no" });
    }
    response.writeHead(statusCode).flushHeaders();
    pipeline(answer, response, () => {}); // at once (P-46), at the caller's pace (P-48)
  });
}

/** Fields as they came: Node's objects join some that came twice, and older ones stumble over a `constructor`. */
function pairs(raw) {
  const names = raw.filter((_, index) => index % 2 === 0);
  return names.map((name, index) => [name.toLowerCase(), raw[2 * index + 1]]);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const app = express();
  app.all("/api/fal/proxy", falProxy);
  app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1");
}
