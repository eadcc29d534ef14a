/** Saboteurs of the topic endpoints. */
import { listIncludes, readEndpoint } from "../reference/behaviour.ts";
import { accepts, judges, type Sabotages } from "./sabotage.ts";

export const endpointSabotages: Sabotages = {
  "endpoints-listed": {
    change: judges(({ host, path }, method) =>
      host === "queue.fal.run" && method === "POST" && path === "/conformance/exact"
        ? false
        : undefined,
    ),
  },
  "endpoints-unlisted": {
    change: judges(({ host, path }) =>
      host === "queue.fal.run" && /^\/conformance\/k\w+$/.test(path) ? true : undefined,
    ),
    also: ["endpoints-unlisted-put", "errors-endpoint-code"],
  },
  "endpoints-unlisted-get": {
    change: judges(({ host }, method) =>
      method === "GET" && host === "fal.run" ? true : undefined,
    ),
  },
  "endpoints-unlisted-put": {
    change: judges((target, method) =>
      method === "PUT" && !readEndpoint(target).ofRequest ? true : undefined,
    ),
  },
  "endpoints-stream-included": {
    change: judges(({ path }, _method, list) =>
      path.endsWith("/stream") && list.includes("conformance/exact")
        ? listIncludes(list, path.slice(1))
        : undefined,
    ),
    also: ["endpoints-requests-of-listed"],
  },
  "endpoints-whole-name": {
    change: judges(({ path }) => (path.startsWith("/fal-ai/flux/dev") ? true : undefined)),
  },
  "endpoints-pattern": {
    change: judges(({ path }) =>
      /^\/conformance\/allowed\/\w+\/deep\//.test(path) ? false : undefined,
    ),
  },
  "endpoints-requests-of-listed": {
    change: judges((target, _method, list) => {
      const { ofRequest, app } = readEndpoint(target);
      return ofRequest && list.includes("fal-ai/flux/dev")
        ? list.includes(app) || app === "conformance/allowed"
        : undefined;
    }),
  },
  "endpoints-requests-of-unlisted": {
    change: judges((target) => {
      const { app, ofRequest } = readEndpoint(target);
      return ofRequest && app === "fal-ai/other" ? true : undefined;
    }),
  },
  "endpoints-workflows": {
    change: judges(({ path }, _method, list) =>
      path.startsWith("/workflows/") && list.includes("conformance/exact") ? false : undefined,
    ),
  },
  "endpoints-spelling": {
    change: judges(({ path }, _method, list) =>
      path === "/FAL-AI/flux/dev" ? listIncludes(list, "fal-ai/flux/dev") : undefined,
    ),
  },
  "endpoints-traversal": {
    change: accepts(/\.\.%2f\.\.%2f/, (text) => text.replace("..%2f..%2f", "x/")),
  },
  "endpoints-dot-segments": {
    change: judges((_target, _method, list, text) => {
      const written = /^https:\/\/fal\.run\/([^?]*\.\.\/[^?]*)/.exec(text)?.[1];
      return written === undefined ? undefined : listIncludes(list, written);
    }),
  },
  "endpoints-uploads": {
    change: judges(({ host, path }, _method, list) =>
      host === "rest.fal.ai" && path.startsWith("/storage/") && list.includes("conformance/exact")
        ? false
        : undefined,
    ),
  },
  "endpoints-fal-hosts": {
    change: judges(({ host }) => (host.endsWith(".fal.ai") ? true : undefined)),
  },
};
