/** Rules P-64 and P-65: tokens spend money out of the proxy's sight. */
import type { Case } from "../case.ts";
import type { Call } from "../rig.ts";
import { inTopic, refused, relayed } from "../wants.ts";

const oldForm = (apps: string): Call => ({
  target: "https://rest.fal.ai/tokens/?{m}",
  body: `{"allowed_apps":${apps},"token_expiration":120}`,
});
const newForm = (apps: string): Call => ({
  target: "https://rest.fal.ai/tokens/realtime?{m}",
  body: `{"allowed_apps":${apps},"duration":120}`,
});

export const tokenCases: Case[] = inTopic("tokens", [
  {
    id: "tokens-off",
    title: "token calls are refused by default",
    rule: "P-64",
    level: "MUST",
    hint: "Keep rest.fal.ai/tokens off the list until somebody asks for it.",
    run: async (rig) => {
      for (const call of [oldForm('["flux"]'), newForm('["fal-ai/flux/realtime"]')]) {
        await refused(await rig.call(call), "tokens are not switched on");
      }
    },
  },
  {
    id: "tokens-on",
    title: "where switched on, a token for a listed app is relayed",
    rule: "P-65",
    level: "MUST",
    faults: ["R16"],
    profile: "tokens",
    hint: "Both forms are in use: /tokens/ and /tokens/realtime.",
    run: async (rig) => {
      relayed(await rig.call(oldForm('["conformance/exact"]')));
      relayed(await rig.call(newForm('["conformance/exact"]')));
    },
  },
  {
    id: "tokens-realtime-path",
    title: "a listed endpoint includes its /realtime",
    rule: "P-65",
    level: "MUST",
    faults: ["R26"],
    profile: "tokens",
    hint: "allowed_apps names the path that is used: cut /realtime (and /stream) off before comparing.",
    run: async (rig) => {
      relayed(await rig.call(newForm('["conformance/exact/realtime"]')));
      relayed(await rig.call(newForm('["fal-ai/flux/dev/realtime"]')));
    },
  },
  {
    id: "tokens-judged",
    title: "a token for another app is refused",
    rule: "P-65",
    level: "MUST",
    profile: "tokens",
    hint: "Judge every name in allowed_apps by the endpoint list.",
    run: async (rig) => {
      const why = "one of its apps is not on the list";
      for (const apps of [
        '["conformance/other"]',
        '["conformance/exact","conformance/other"]',
        '["conformance/exact/../other"]',
        '["conformance/*"]',
        '["*"]',
      ]) {
        await refused(await rig.call(newForm(apps)), why, [400, 403, 404, 422]);
      }
    },
  },
  {
    id: "tokens-unreadable",
    title: "a token call whose apps cannot be read is refused",
    rule: "P-65",
    level: "MUST",
    profile: "tokens",
    hint: "No list of names, no token: also for repeated keys, where parsers disagree.",
    run: async (rig) => {
      const target = "https://rest.fal.ai/tokens/realtime?{m}";
      for (const body of [
        "",
        "{",
        "[]",
        '{"duration":120}',
        '{"allowed_apps":"conformance/exact"}',
        '{"allowed_apps":[]}',
        '{"allowed_apps":[1]}',
      ]) {
        await refused(
          await rig.call({ target, body }),
          "its apps cannot be judged",
          [400, 403, 422],
        );
      }
    },
  },
]);
