/** Rules P-01, P-06 to P-15 and P-80: what a target may be, and that nothing else ever receives a call. */
import type { Case } from "../case.ts";
import type { Rig } from "../rig.ts";
import { inTopic, refused, relayed, soon, unsent } from "../wants.ts";
import * as hostile from "./hostile-targets.ts";

/** All of these are refused. Side by side: each has its own marker. */
async function refuseAll(rig: Rig, targets: readonly string[], why: string): Promise<void> {
  for (const target of targets) await refused(await rig.call({ target }), why);
}

/** Refused, or sent to the real fal under the very host and path that a URL parser makes of it. */
async function neverElsewhere(rig: Rig, target: string): Promise<void> {
  const exchange = await rig.call({ target, patienceMs: 2000 });
  await soon();
  for (const request of exchange.fal) {
    const known = ["fal.run", "queue.fal.run", "rest.fal.ai"].includes(request.host);
    exchange.want(known, "a call that is sent goes to a host of fal, written as itself");
  }
}

export const targetCases: Case[] = inTopic("target", [
  {
    id: "target-header-any-case",
    title: "the target header is found in any spelling",
    rule: "P-01",
    level: "MUST",
    hint: "Header names are case-insensitive; look the target up in the framework's own case-insensitive map.",
    run: async (rig) => {
      const target = "https://queue.fal.run/conformance/{m}";
      const headers = [["X-Fal-Target-Url", target]] as const;
      relayed(await rig.call({ target: null, headers }));
    },
  },
  {
    id: "target-own-query-ignored",
    title: "the query of the proxy's own URL decides nothing",
    rule: "P-01",
    level: "MUST",
    hint: "Take the target from the header only, and do not append the request's own query to it.",
    run: async (rig) => {
      const raw = [
        "POST {path}?x-fal-target-url=https://fal.run/conformance/other&logs=1 HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n" +
          "x-fal-target-url: {target}\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
      ];
      const exchange = await rig.call({ raw });
      const request = relayed(exchange);
      const own = `/conformance/${exchange.marker}`;
      exchange.want(request.path === own, `fal receives the path ${own} and no query`);
    },
  },
  {
    id: "target-subpaths",
    title: "a path below the proxy's own is answered as the proxy itself",
    rule: "P-01",
    level: "MUST",
    profile: "subpaths",
    hint: "Register the bare path and everything below it; a wildcard route alone often misses the bare one.",
    run: async (rig) => {
      relayed(await rig.call({ below: "/any/thing" }));
      relayed(await rig.call());
    },
  },
  {
    id: "target-missing",
    title: "a request without a target is refused with 400",
    rule: "P-06",
    level: "MUST",
    hint: "Answer 400 with an error object when x-fal-target-url is absent.",
    run: async (rig) => refused(await rig.call({ target: null }), "it names no target", [400]),
  },
  {
    id: "target-empty",
    title: "an empty target is refused with 400",
    rule: "P-06",
    level: "MUST",
    hint: "An empty header value is as good as none.",
    run: async (rig) => refused(await rig.call({ target: "" }), "its target is empty", [400]),
  },
  {
    id: "target-repeated",
    title: "two targets are refused with 400",
    rule: "P-06",
    level: "MUST",
    faults: ["R28"],
    hint: "Repeated headers arrive as a list, or joined by a comma: refuse both forms, never take the first or glue them.",
    run: async (rig) => {
      const target = "https://queue.fal.run/conformance/{m}";
      const other = "https://queue.fal.run/conformance/other/{m}";
      await refused(await rig.call({ target: [target, other] }), "it has two targets", [400]);
      await refused(await rig.call({ target: [target, target] }), "it has two targets", [400]);
    },
  },
  {
    id: "target-glued",
    title: "two targets in one header are refused with 400",
    rule: "P-06",
    level: "MUST",
    faults: ["R28"],
    hint: "This is how some servers hand over a repeated header: look for a comma followed by another URL.",
    run: async (rig) => {
      const one = "https://queue.fal.run/conformance/{m}";
      const why = "it has two targets";
      await refused(await rig.call({ target: `${one}, ${one}/other` }), why, [400]);
      await refused(await rig.call({ target: `${one},${one}/other` }), why, [400]);
    },
  },
  {
    id: "target-malformed",
    title: "a target that is no URL is refused with 400",
    rule: "P-13",
    level: "MUST",
    faults: ["R2"],
    alone: true,
    hint: "Catch what the URL parser throws, and answer 400.",
    run: async (rig) => {
      for (const target of hostile.malformed) {
        await refused(await rig.call({ target }), "its target is no URL", [400]);
      }
    },
  },
  {
    id: "target-survival",
    title: "no target ends the process or stops the proxy from answering",
    rule: "P-14",
    level: "MUST",
    faults: ["R2"],
    alone: true,
    hint: "An exception in an async handler ends a Node process when nobody catches it: wrap the whole handler.",
    run: async (rig) => {
      for (const target of [...hostile.malformed, ...hostile.oddHosts]) {
        await rig.call({ target, patienceMs: 1000 });
        const after = await rig.call();
        after.want(
          after.reply.status === 200,
          `the proxy still answers after the target ${target}`,
        );
      }
    },
  },
  {
    id: "target-long",
    title: "a target of more than 8 KiB is refused, not judged at length",
    rule: "P-80",
    level: "SHOULD",
    hint: "Look at its length first. Servers that limit header lines may answer 414 or 431.",
    run: async (rig) => {
      for (const target of hostile.long(8300)) {
        const exchange = await rig.call({ target });
        await refused(exchange, "its target is too long", [400, 413, 414, 431]);
      }
    },
  },
  {
    id: "target-long-survival",
    title: "no target, however long, keeps the next caller waiting",
    rule: "P-80",
    level: "MUST",
    profile: "endpoints",
    alone: true,
    hint: "A backtracking pattern of the endpoint list, tried on a long path, stops a whole process for seconds.",
    run: async (rig) => {
      for (const length of [8000, 9000, 12_000, 15_500, 32_000, 64_000]) {
        for (const target of hostile.long(length)) {
          const long = rig.call({ target });
          const after = await rig.call({ target: "https://queue.fal.run/conformance/exact?{m}" });
          const exchange = await long;
          const waited = exchange.reply.trouble?.startsWith("no end") ?? false;
          exchange.want(!waited, `a target of ${length} bytes is answered`);
          await unsent(exchange, "its endpoint is not on the list");
          relayed(after);
        }
      }
    },
  },
  {
    id: "target-http",
    title: "an http target is refused",
    rule: "P-07",
    level: "MUST",
    faults: ["R3"],
    hint: "Compare the parsed scheme with https: over http the key travels in clear.",
    run: async (rig) =>
      refuseAll(
        rig,
        [
          "http://fal.run/conformance/{m}",
          "http://queue.fal.run/conformance/{m}",
          "HTTP://fal.run/conformance/{m}",
        ],
        "its scheme is not https",
      ),
  },
  {
    id: "target-other-schemes",
    title: "any other scheme, or none, is refused",
    rule: "P-07",
    level: "MUST",
    hint: "Require https; a relative or scheme-less target is no target.",
    run: (rig) => refuseAll(rig, hostile.otherSchemes, "its scheme is not https"),
  },
  {
    id: "target-user-info",
    title: "user-info in front of the host is refused",
    rule: "P-08",
    level: "MUST",
    hint: "Refuse a URL whose parsed username or password is set, and judge the parsed host only.",
    run: (rig) => refuseAll(rig, hostile.userInfo, "it carries user-info"),
  },
  {
    id: "target-port",
    title: "a port is refused",
    rule: "P-09",
    level: "MUST",
    hint: "Refuse a URL whose parsed port is not empty.",
    run: (rig) => refuseAll(rig, hostile.ports, "it names a port"),
  },
  {
    id: "target-lookalike-hosts",
    title: "hosts that merely contain a fal host are refused",
    rule: "P-10",
    level: "MUST",
    hint: "Compare the whole parsed host with a list, not a prefix, a suffix or an unanchored pattern.",
    run: (rig) => refuseAll(rig, hostile.lookalikeHosts, "its host is none of fal's"),
  },
  {
    id: "target-odd-hosts",
    title: "addresses and hosts in disguise never receive a call",
    rule: "P-10",
    level: "MUST",
    hint: "Refuse anything outside printable ASCII, and backslashes, before parsing; then compare the whole host.",
    run: async (rig) => {
      for (const target of hostile.oddHosts) await neverElsewhere(rig, target);
    },
  },
  {
    id: "target-encoded-path",
    title: "encoded dots, slashes, backslashes and percent signs in the path are refused",
    rule: "P-11",
    level: "MUST",
    faults: ["R32"],
    hint: "Refuse %2e, %2f, %5c and %25 in the path, in either case: a server behind may decode once more.",
    run: (rig) => refuseAll(rig, hostile.encodedPaths, "its path is ambiguous"),
  },
  {
    id: "target-path-parameters",
    title: "a semicolon in the path is refused",
    rule: "P-11",
    level: "MUST",
    faults: ["R32"],
    hint: "Some servers cut `;…` off a segment before they resolve dots, so `..;` becomes `..`: refuse it.",
    run: (rig) => refuseAll(rig, hostile.pathParameters, "its path has a parameter"),
  },
  {
    id: "target-backslash",
    title: "a backslash is refused",
    rule: "P-11",
    level: "MUST",
    hint: "URL parsers turn a backslash into a slash, others do not: refuse it before parsing.",
    run: (rig) => refuseAll(rig, hostile.backslashes, "it holds a backslash"),
  },
  {
    id: "target-empty-segment",
    title: "an empty segment within the path is refused",
    rule: "P-11",
    level: "MUST",
    hint: "Refuse `//` in the path: some servers merge it, so that another id is judged than is run.",
    run: (rig) => refuseAll(rig, hostile.emptySegments, "its path has an empty segment"),
  },
  {
    id: "target-control-characters",
    title: "control characters in the path are refused, encoded or not",
    rule: "P-11",
    level: "MUST",
    hint: "Refuse %00 to %1f and %7f in the path and raw tabs anywhere (URL parsers drop those silently).",
    run: (rig) => refuseAll(rig, hostile.controlCharacters, "its path has a control character"),
  },
  {
    id: "target-query-unchanged",
    title: "the query reaches fal as it was written",
    rule: "P-12",
    level: "MUST",
    hint: "Append the parsed query as text; do not decode and encode it again.",
    run: async (rig) => {
      const query =
        "?logs=1&a=b%20c&d=%2Fe&f=%C3%A9&f=2&empty=&fal_webhook=https%3A%2F%2Fhooks.example%2Fx%3Fy%3D1";
      const target = `https://queue.fal.run/conformance/{m}/requests/r1/status${query}`;
      const exchange = await rig.call({ method: "GET", target });
      const request = relayed(exchange);
      const got = request.path.slice(request.path.indexOf("?"));
      exchange.want(got === query, `fal receives the query ${query}`);
    },
  },
  {
    id: "target-path-unchanged",
    title: "the path reaches fal as it was written",
    rule: "P-12",
    level: "MUST",
    hint: "Do not decode, lower-case or trim the path.",
    run: async (rig) => {
      const target = "https://fal.run/conformance/{m}/V1.5_a-b~c/Sub";
      const exchange = await rig.call({ target });
      const request = relayed(exchange);
      const path = `/conformance/${exchange.marker}/V1.5_a-b~c/Sub`;
      exchange.want(
        request.host === "fal.run" && request.path === path,
        `fal.run receives ${path}`,
      );
    },
  },
  {
    id: "target-fragment",
    title: "a fragment is not sent",
    rule: "P-12",
    level: "MUST",
    hint: "Rebuild the upstream URL from host, path and query only.",
    run: async (rig) => {
      const target = "https://queue.fal.run/conformance/{m}#fragment";
      const exchange = await rig.call({ target });
      await soon();
      for (const request of exchange.fal) {
        exchange.want(!request.path.includes("fragment"), "fal receives no fragment");
      }
      const { status } = exchange.reply;
      exchange.want(
        status === 200 || status === 400,
        "it is relayed without the fragment, or refused",
      );
    },
  },
  {
    id: "target-hosts-of-fal",
    title: "fal.run and queue.fal.run are reached as themselves",
    rule: "P-12",
    level: "MUST",
    hint: "With FAL_PROXY_UPSTREAM set, https://HOST/PATH is sent to $FAL_PROXY_UPSTREAM/HOST/PATH.",
    run: async (rig) => {
      for (const host of ["fal.run", "queue.fal.run"]) {
        const exchange = await rig.call({ target: `https://${host}/conformance/{m}` });
        const request = relayed(exchange);
        exchange.want(request.host === host, `the call goes to ${host}`);
      }
    },
  },
  {
    id: "target-rest-paths",
    title: "other paths of rest.fal.ai are refused",
    rule: "P-15",
    level: "MUST",
    hint: "On rest.fal.ai allow the two upload starts by their whole path, and nothing else.",
    run: async (rig) => {
      const why = "only the upload starts pass on rest.fal.ai";
      for (const [method, path] of [
        ["GET", "applications/conformance/{m}/queue"],
        ["DELETE", "applications/conformance/{m}/queue"],
        ["POST", "storage/auth/token?storage_type=fal-cdn-v3&{m}"],
        ["POST", "storage/upload/initiate/{m}"],
        ["POST", "storage/upload/initiate-other?{m}"],
        ["GET", "storage/files/acl?url={m}"],
      ] as const) {
        const exchange = await rig.call({ method, target: `https://rest.fal.ai/${path}` });
        await refused(exchange, why, [400, 403, 404, 405]);
      }
    },
  },
  {
    id: "target-platform-api",
    title: "the platform API is never reached",
    rule: "P-15",
    level: "MUST",
    hint: "api.fal.ai holds keys and billing; leave it off the list of hosts.",
    run: async (rig) => {
      for (const method of ["GET", "POST"]) {
        for (const target of [
          "https://api.fal.ai/v1/keys?{m}",
          "https://api.fal.ai/v1/models?{m}",
        ]) {
          await refused(await rig.call({ method, target }), "api.fal.ai is not for browsers");
        }
      }
    },
  },
  {
    id: "target-other-fal-hosts",
    title: "other hosts of fal receive nothing by default",
    rule: "P-15",
    level: "MUST",
    hint: "Only fal.run, queue.fal.run and rest.fal.ai are needed by the clients.",
    run: async (rig) => {
      for (const host of ["v3.fal.media", "fal.media", "ws.fal.run", "fal.ai", "docs.fal.ai"]) {
        const exchange = await rig.call({ target: `https://${host}/conformance/{m}` });
        await unsent(exchange, `${host} is not one of the allowed hosts`);
      }
    },
  },
]);
