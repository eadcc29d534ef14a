/** Rules P-16 to P-19: the list of allowed endpoints, for every method and every operation. */
import type { Case } from "../case.ts";
import type { Call, Rig } from "../rig.ts";
import { inTopic, refused, relayed, soon } from "../wants.ts";

const profile = "endpoints";

async function passes(rig: Rig, ...calls: Call[]): Promise<void> {
  for (const call of calls) relayed(await rig.call(call));
}

async function stops(rig: Rig, ...calls: Call[]): Promise<void> {
  for (const call of calls) await refused(await rig.call(call), "its endpoint is not on the list");
}

export const endpointCases: Case[] = inTopic("endpoints", [
  {
    id: "endpoints-listed",
    title: "listed endpoints are relayed, on both hosts",
    rule: "P-16",
    level: "MUST",
    profile,
    hint: "Compare the path without its leading slash with the list.",
    run: (rig) =>
      passes(
        rig,
        { target: "https://queue.fal.run/conformance/exact?{m}" },
        { target: "https://fal.run/conformance/exact?{m}" },
        { target: "https://queue.fal.run/fal-ai/flux/dev?{m}" },
      ),
  },
  {
    id: "endpoints-unlisted",
    title: "an endpoint that is not listed is refused",
    rule: "P-16",
    level: "MUST",
    profile,
    hint: "FAL_PROXY_ENDPOINTS (or the option of your proxy) holds the list.",
    run: (rig) =>
      stops(
        rig,
        { target: "https://queue.fal.run/conformance/{m}" },
        { target: "https://fal.run/conformance/{m}" },
      ),
  },
  {
    id: "endpoints-unlisted-get",
    title: "GET of an endpoint that is not listed is refused",
    rule: "P-16",
    level: "MUST",
    faults: ["R5"],
    profile,
    hint: "Judge every method: GET with a query runs a model too.",
    run: (rig) =>
      stops(
        rig,
        { method: "GET", target: "https://fal.run/conformance/{m}?prompt=x" },
        { method: "GET", target: "https://fal.run/conformance/{m}/stream?prompt=x" },
      ),
  },
  {
    id: "endpoints-unlisted-put",
    title: "PUT to an endpoint that is not listed is refused",
    rule: "P-16",
    level: "MUST",
    faults: ["R5"],
    profile,
    hint: "Judge every method.",
    run: (rig) =>
      stops(
        rig,
        { method: "PUT", target: "https://fal.run/conformance/{m}", body: "{}" },
        { method: "PUT", target: "https://queue.fal.run/conformance/{m}", body: "{}" },
      ),
  },
  {
    id: "endpoints-stream-included",
    title: "a listed endpoint includes its /stream",
    rule: "P-17",
    level: "MUST",
    faults: ["R26"],
    profile,
    hint: "Cut a trailing /stream off before comparing.",
    run: (rig) =>
      passes(
        rig,
        { target: "https://fal.run/fal-ai/flux/dev/stream?{m}" },
        { target: "https://fal.run/conformance/exact/stream?{m}" },
      ),
  },
  {
    id: "endpoints-whole-name",
    title: "ids that begin like a listed one are refused",
    rule: "P-17",
    level: "MUST",
    profile,
    hint: "An entry without /** is the whole id, not a prefix.",
    run: (rig) =>
      stops(
        rig,
        { target: "https://fal.run/fal-ai/flux/dev-expensive?{m}" },
        { target: "https://fal.run/fal-ai/flux/dev/expensive?{m}" },
        { target: "https://fal.run/conformance/exactly?{m}" },
        { target: "https://fal.run/conformance/allowedfake/x?{m}" },
        { target: "https://fal.run/other/conformance/exact?{m}" },
        { target: "https://fal.run/fal-ai/flux?{m}" },
      ),
  },
  {
    id: "endpoints-pattern",
    title: "an entry with /** includes everything below",
    rule: "P-17",
    level: "MUST",
    profile,
    hint: "Treat a trailing /** as a prefix that ends at a slash.",
    run: (rig) =>
      passes(
        rig,
        { target: "https://queue.fal.run/conformance/allowed/{m}" },
        { target: "https://queue.fal.run/conformance/allowed/{m}/deep/er" },
      ),
  },
  {
    id: "endpoints-requests-of-listed",
    title: "status, status stream, result and cancel of a listed app are relayed",
    rule: "P-18",
    level: "MUST",
    profile,
    hint: "These URLs hold owner/app only: pass them when any entry of the list lies in that app.",
    run: (rig) =>
      passes(
        rig,
        { method: "GET", target: "https://queue.fal.run/fal-ai/flux/requests/{m}/status?logs=1" },
        { method: "GET", target: "https://queue.fal.run/fal-ai/flux/requests/{m}/status/stream" },
        { method: "GET", target: "https://queue.fal.run/fal-ai/flux/requests/{m}" },
        { method: "PUT", target: "https://queue.fal.run/fal-ai/flux/requests/{m}/cancel" },
        { method: "GET", target: "https://queue.fal.run/conformance/exact/requests/{m}/status" },
        { method: "GET", target: "https://queue.fal.run/conformance/allowed/requests/{m}" },
      ),
  },
  {
    id: "endpoints-requests-of-unlisted",
    title: "status, result and cancel of another app are refused",
    rule: "P-18",
    level: "MUST",
    faults: ["R5"],
    profile,
    hint: "Compare the app of the URL with the apps of the list.",
    run: (rig) =>
      stops(
        rig,
        { method: "GET", target: "https://queue.fal.run/fal-ai/other/requests/{m}/status" },
        { method: "GET", target: "https://queue.fal.run/fal-ai/other/requests/{m}/status/stream" },
        { method: "GET", target: "https://queue.fal.run/fal-ai/other/requests/{m}" },
        { method: "PUT", target: "https://queue.fal.run/fal-ai/other/requests/{m}/cancel" },
      ),
  },
  {
    id: "endpoints-workflows",
    title: "workflows are judged by their own longer id",
    rule: "P-18",
    level: "MUST",
    profile,
    hint: "workflows/ and comfy/ shift owner/app by one segment.",
    run: async (rig) => {
      await passes(
        rig,
        { target: "https://queue.fal.run/workflows/conformance/allowed?{m}" },
        {
          method: "GET",
          target: "https://queue.fal.run/workflows/conformance/allowed/requests/{m}",
        },
      );
      await stops(
        rig,
        { target: "https://queue.fal.run/workflows/conformance/other?{m}" },
        { method: "GET", target: "https://queue.fal.run/workflows/conformance/other/requests/{m}" },
        { target: "https://queue.fal.run/comfy/conformance/allowed?{m}" },
      );
    },
  },
  {
    id: "endpoints-spelling",
    title: "another spelling of a listed id is another id",
    rule: "P-19",
    level: "MUST",
    profile,
    hint: "Compare bytes: no lower-casing, no decoding.",
    run: (rig) =>
      stops(
        rig,
        { target: "https://fal.run/FAL-AI/flux/dev?{m}" },
        { target: "https://fal.run/Conformance/exact?{m}" },
        { target: "https://fal.run/%66al-ai/flux/dev?{m}" },
      ),
  },
  {
    id: "endpoints-traversal",
    title: "no detour through a listed endpoint reaches another one",
    rule: "P-11",
    level: "MUST",
    faults: ["R32"],
    profile,
    hint: "Refuse encoded dots and slashes before the list is asked.",
    run: (rig) =>
      stops(
        rig,
        { target: "https://fal.run/conformance/allowed/..%2f..%2ffal-ai/other?{m}" },
        { target: "https://fal.run/conformance/allowed/%2e%2e/%2e%2e/fal-ai/other?{m}" },
        { target: "https://fal.run/conformance/allowed/%252e%252e/other?{m}" },
        { target: "https://fal.run/conformance/allowed/..;/other?{m}" },
      ),
  },
  {
    id: "endpoints-dot-segments",
    title: "plain dot segments never reach an endpoint that is not listed",
    rule: "P-11",
    level: "MUST",
    profile,
    hint: "Resolve dot segments with the URL parser before judging, or refuse them.",
    run: async (rig) => {
      for (const path of [
        "conformance/allowed/../../fal-ai/other",
        "conformance/allowed/../other",
        "conformance/exact/../other",
      ]) {
        const exchange = await rig.call({ target: `https://fal.run/${path}?{m}` });
        await soon();
        exchange.want(exchange.fal.length === 0, `nothing is sent for ${path}`);
      }
    },
  },
  {
    id: "endpoints-uploads",
    title: "the list does not stop uploads",
    rule: "P-63",
    level: "MUST",
    profile,
    hint: "The upload starts name no endpoint: the list has nothing to say about them.",
    run: (rig) =>
      passes(rig, {
        target: "https://rest.fal.ai/storage/upload/initiate?storage_type=fal-cdn-v3",
        body: '{"file_name":"{m}.png","content_type":"image/png"}',
      }),
  },
  {
    id: "endpoints-fal-hosts",
    title: "the list judges other hosts of fal as well, where those are allowed",
    rule: "P-16",
    level: "MUST",
    faults: ["R32"],
    profile: "fal-hosts",
    hint: "One rule for all hosts: do not skip the list for *.fal.ai.",
    run: async (rig) => {
      await stops(rig, { target: "https://gateway.fal.ai/fal-ai/other?{m}" });
      await passes(rig, { target: "https://gateway.fal.ai/conformance/exact?{m}" });
    },
  },
]);
