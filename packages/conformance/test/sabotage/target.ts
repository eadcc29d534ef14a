/** Saboteurs of the topics target and methods. */
import { refuse, type Behaviour } from "../reference/behaviour.ts";
import { accepts, allowsHost, isRefusal, judges, wiring, type Sabotages } from "./sabotage.ts";

/** Another status for targets that match. */
const tells =
  (status: number, pattern: RegExp) =>
  (b: Behaviour): Partial<Behaviour> => ({
    parseTarget: (text) => {
      const parsed = b.parseTarget(text);
      return isRefusal(parsed) && pattern.test(text) ? { ...parsed, status } : parsed;
    },
  });

/** What methods-get and its like ask for, sent to fal by another method. */
const sendsAs = (method: string, other: string): ((b: Behaviour) => Partial<Behaviour>) =>
  wiring({
    changeMethod: (had, target) =>
      had === method && target.path.endsWith("/requests/r1/x") ? other : had,
  });

export const targetSabotages: Sabotages = {
  "target-header-any-case": {
    change: () => ({
      targetValues: (raw) =>
        raw.filter(([name]) => name === "x-fal-target-url").map(([, value]) => value),
    }),
  },
  "target-own-query-ignored": {
    change: () => ({
      rebuild: (target, { ownQuery }) => ({ ...target, query: target.query || ownQuery }),
    }),
  },
  "target-subpaths": {
    change: wiring({ answersBelow: false }),
  },
  "target-missing": {
    change: (b) => ({
      oneTarget: (values) =>
        values.length === 0 ? refuse(403, "invalid_target", "no") : b.oneTarget(values),
    }),
  },
  "target-empty": {
    change: (b) => ({
      oneTarget: (values) =>
        values[0] === "" ? refuse(403, "invalid_target", "no") : b.oneTarget(values),
    }),
  },
  "target-repeated": {
    change: (b) => ({ oneTarget: (values) => b.oneTarget(values.slice(0, 1)) }),
    also: ["http2-repeated-target"],
  },
  "target-glued": {
    change: (b) => ({
      oneTarget: (values) => b.oneTarget(values.map((value) => value.split(/,\s*/)[0] ?? "")),
    }),
  },
  "target-malformed": { change: tells(403, /^https:\/\/$/) },
  "target-survival": {
    // After one of the malformed targets the next request is not answered.
    change: (b) => {
      let stunned = false;
      return {
        oneTarget: (values) => {
          const wasStunned = stunned;
          stunned = values[0]?.startsWith("https://%/") ?? false;
          return wasStunned ? refuse(503, "invalid_target", "stunned") : b.oneTarget(values);
        },
      };
    },
    also: ["target-malformed"],
  },
  "target-long": {
    change: (b) => ({
      oneTarget: (values) =>
        values.length === 1 && (values[0]?.length ?? 0) > 8192
          ? (values[0] as string)
          : b.oneTarget(values),
    }),
  },
  "target-long-survival": { change: () => ({ stall: (text) => (text.length > 8900 ? 8000 : 0) }) },
  "target-http": { change: accepts(/^http:\/\/queue/, (text) => text.replace("http:", "https:")) },
  "target-other-schemes": { change: accepts(/^ws:/, (text) => text.replace("ws:", "https:")) },
  "target-user-info": {
    change: accepts(/user:secret@/, (text) => text.replace("user:secret@", "")),
  },
  "target-port": { change: accepts(/:8443/, (text) => text.replace(":8443", "")) },
  "target-lookalike-hosts": { change: allowsHost(({ host }) => host.endsWith("queue.fal.run")) },
  "target-odd-hosts": { change: allowsHost(({ host }) => host === "fal.run.") },
  "target-encoded-path": { change: accepts(/%5c/, (text) => text.replaceAll("%5c", "_")) },
  "target-path-parameters": { change: accepts(/;x=1/, (text) => text.replace(";x=1", "")) },
  "target-backslash": { change: accepts(/\\/, (text) => text.replaceAll("\\", "/")) },
  "target-empty-segment": {
    change: accepts(/run\/\/conformance/, (text) => text.replace("run//", "run/")),
  },
  "target-control-characters": { change: accepts(/%7f/, (text) => text.replace("%7f", "")) },
  "target-query-unchanged": {
    change: () => ({
      rebuild: (target) => ({
        ...target,
        query: target.query && `?${new URLSearchParams(target.query)}`,
      }),
    }),
  },
  "target-path-unchanged": {
    change: () => ({ rebuild: (target) => ({ ...target, path: target.path.toLowerCase() }) }),
  },
  "target-fragment": {
    change: () => ({
      rebuild: (target, { text }) => ({
        ...target,
        path: target.path + (/#.*/.exec(text)?.[0] ?? "").replace("#", "%23"),
      }),
    }),
  },
  "target-hosts-of-fal": {
    change: () => ({
      rebuild: (target) =>
        /^\/conformance\/\w+$/.test(target.path) ? { ...target, host: "queue.fal.run" } : target,
    }),
    also: ["queue-run", "errors-lost-purchase-get"],
  },
  "target-rest-paths": { change: allowsHost(({ path }) => path === "/storage/auth/token") },
  "target-platform-api": {
    change: (b) => ({
      ...allowsHost(({ host }) => host === "api.fal.ai")(b),
      ...judges(({ host }) => (host === "api.fal.ai" ? true : undefined))(b),
    }),
  },
  "target-other-fal-hosts": { change: allowsHost(({ host }) => host === "docs.fal.ai") },

  "methods-get": { change: sendsAs("GET", "DELETE") },
  "methods-post": { change: sendsAs("POST", "PUT") },
  "methods-put": { change: sendsAs("PUT", "POST") },
  "methods-delete": {
    change: (b) => ({ methods: b.methods.filter((method) => method !== "DELETE") }),
  },
  "methods-head": { change: (b) => ({ methods: [...b.methods, "HEAD"] }) },
  "methods-trace": { change: (b) => ({ methods: [...b.methods, "TRACE"] }) },
  "methods-options": { change: (b) => ({ methods: [...b.methods, "OPTIONS"] }) },
  "methods-others": { change: (b) => ({ methods: [...b.methods, "PROPFIND"] }) },
  "methods-allow": {
    change: (b) => ({ methodRefusal: (method) => ({ ...b.methodRefusal(method), headers: {} }) }),
  },
};
