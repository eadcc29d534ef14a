// The example apps that show an adapter in its framework, as servers for the conformance kit, and where the framework
// itself departs from the protocol.
import { appCommand, buildApp } from "./built-app.mjs";

/** @typedef {import("fal-proxy-conformance").ProfileName} ProfileName */

// Profiles that the environment alone makes: the route that people copy is judged under them. The
// others need options, and the route beside it takes those.
/** @type {readonly ProfileName[]} */
const plainProfiles = [
  "default",
  "no-key",
  "key-pair",
  "quoted-key",
  "prefixed-key",
  "empty-key",
  "no-upstream",
];

/** @type {(copied: string, configured: string) => (profile: ProfileName) => string} */
const onRoutes = (copied, configured) => (profile) =>
  plainProfiles.includes(profile) ? copied : configured;

const path = onRoutes("/api/fal/proxy", "/api/fal/conformance");

const noReader = "a resource route is the first to read its body";
const noTrace = "its server answers 500: the Fetch standard knows no Request of that method";
const noLocation =
  "its server throws at a redirect without a location; what leads elsewhere is not passed on";
const threeMethods = "the documented line exports GET, POST and PUT";
const formsAreRefused =
  "SvelteKit answers 403 to form types that name no origin of the app's own; fal's clients send JSON";

const next = "node_modules/next/dist/bin/next start --hostname 127.0.0.1";
const withoutInNext = {
  "adapter-key": "the key comes from the environment, or from resolveFalAuth",
  chain: "nothing runs after a route",
  http2: "next start speaks HTTP/1.1",
};
const appRouter = {
  adapter: "nextjs",
  command: appCommand("nextjs-app-router", next),
  prepare: () => buildApp("nextjs-app-router"),
  without: { ...withoutInNext, parsed: "a route handler is the first to read its body" },
};
const departuresOfAppRouter = {
  "methods-delete": threeMethods,
  "methods-allow": "Next answers methods that a route does not export by itself, without `allow`",
  "methods-trace": "Next answers TRACE with a 500 of its own; fal sees nothing",
};
const inPages = onRoutes("/api/fal/raw", "/api/fal/conformance");

/** @satisfies {Record<string, import("../../packages/proxy/test/conformance/subject.ts").Subject>} */
export const apps = {
  nextjs: { ...appRouter, path, departures: departuresOfAppRouter },

  "nextjs-edge": {
    ...appRouter,
    path: onRoutes("/api/fal/edge", "/api/fal/conformance-edge"),
    departures: {
      ...departuresOfAppRouter,
      "bodies-50-mb": "Next gives the edge runtime the first 10 MB of a body; the answer is a 413",
    },
  },

  "nextjs-pages": {
    adapter: "nextjs",
    command: appCommand("nextjs-pages-router", next),
    prepare: () => buildApp("nextjs-pages-router"),
    path: (/** @type {ProfileName} */ profile) =>
      profile === "parsed" ? "/api/fal/proxy" : inPages(profile),
    without: withoutInNext,
  },

  // Its server has compression in front in every profile.
  "react-router": {
    adapter: "remix",
    command: appCommand(
      "react-router",
      "node_modules/@react-router/serve/bin.js build/server/index.js",
    ),
    prepare: () => buildApp("react-router"),
    path,
    without: {
      parsed: noReader,
      chain: "nothing runs after a resource route",
      http2: "its server speaks HTTP/1.1",
    },
    departures: {
      "methods-trace": noTrace,
      "replies-location-foreign": noLocation,
      "streaming-slow-reader":
        "React Router 7.18 races each read with one promise, which keeps every chunk until the end",
    },
  },

  // The same.
  remix: {
    adapter: "remix",
    command: appCommand("remix", "node_modules/@remix-run/serve/dist/cli.js build/server/index.js"),
    prepare: () => buildApp("remix"),
    path,
    without: {
      parsed: noReader,
      chain: "nothing runs after a resource route",
      http2: "its server speaks HTTP/1.1",
    },
    departures: {
      "methods-trace": noTrace,
      "replies-location-foreign": noLocation,
      "streaming-slow-reader":
        "Remix 2 writes a stream as fast as it comes, whatever the caller takes",
    },
  },

  svelte: {
    adapter: "svelte",
    command: `export BODY_SIZE_LIMIT=Infinity; ${appCommand("sveltekit", "build/index.js")}`,
    prepare: () => buildApp("sveltekit"),
    path,
    without: {
      compressed: "adapter-node leaves compression to a server in front",
      parsed: "an endpoint is the first to read its body",
      chain: "nothing runs after an endpoint",
      http2: "adapter-node speaks HTTP/1.1",
    },
    departures: {
      "methods-delete": threeMethods,
      "request-headers-content-type-untold": formsAreRefused,
      "bodies-multipart": formsAreRefused,
      "bodies-form": formsAreRefused,
      "smuggling-body-is-body": formsAreRefused,
    },
  },
};
