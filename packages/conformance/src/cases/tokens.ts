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

/** Names that somebody between here and the runner may read as another one, or as many. */
const hostileNames = [
  "*",
  "**",
  "**/*",
  "*/*",
  "conformance/*",
  "conformance/**",
  "conformance/allowed/**",
  "conformance/allowed/*",
  "conformance/ex?ct",
  "conformance/{exact,other}",
  "conformance/[e]xact",
  "!conformance/other",
  "conformance/(exact|other)",
  ".*",
  "",
  "/",
  "/conformance/exact",
  "conformance/exact/",
  "conformance//exact",
  "//exact",
  ".",
  "..",
  "conformance/./exact",
  "conformance/exact/../other",
  "conformance/allowed/..",
  "conformance/allowed/../../fal-ai/other",
  "conformance/exact%2f..%2fother",
  "conformance/allowed/%2e%2e/other",
  "%63onformance/exact",
  "conformance%2Fexact",
  "conformance\\exact",
  "conformance/allowed\\..\\other",
  "conformance/allowed/..;/other",
  " conformance/exact",
  "conformance/exact ",
  "conformance/exact\n",
  "conformance/exact\0",
  "conformance/exact,conformance/other",
  "conformance/exact conformance/other",
  "conformance/exact?x=1",
  "conformance/exact#x",
  "https://fal.run/conformance/exact",
  "conformance/exact@other",
  "conformance:exact",
  "ｃonformance/exact",
  "conformance／exact",
];

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
      for (const apps of ['["conformance/other"]', '["conformance/exact","conformance/other"]']) {
        await refused(await rig.call(newForm(apps)), why, [400, 403, 404, 422]);
      }
    },
  },
  {
    id: "tokens-plain-names",
    title: "a name that is no plain endpoint id is refused",
    rule: "P-65",
    level: "MUST",
    profile: "tokens",
    hint: "fal reads these names by rules of its own: ask for plain segments, by a pattern, before the list.",
    run: async (rig) => {
      for (const name of hostileNames) {
        for (const apps of [[name], ["conformance/exact", name]]) {
          const exchange = await rig.call(newForm(JSON.stringify(apps)));
          await refused(exchange, `${JSON.stringify(name)} is no plain id`, [400, 403, 404, 422]);
        }
      }
    },
  },
  {
    id: "tokens-bare-names",
    title: "a bare name that ends no entry of the list is refused",
    rule: "P-65",
    level: "MUST",
    profile: "tokens",
    hint: "A name without an owner stands for an app of the key's own account: the list has not heard of it.",
    run: async (rig) => {
      for (const name of [
        "other",
        "my-private-app",
        "flux",
        "conformance",
        "fal-ai",
        "workflows",
      ]) {
        for (const form of [oldForm, newForm]) {
          const exchange = await rig.call(form(`["${name}"]`));
          await refused(exchange, `${name} is not on the list`, [400, 403, 404, 422]);
        }
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
        '{"allowed_apps":{"0":"conformance/exact"}}',
        '{"allowed_apps":["conformance/other"],"allowed_apps":["conformance/exact"]}',
        '{"allowed_apps":["conformance/exact"],"allowed_apps":["conformance/other"]}',
        '{"allowed_apps":["conformance/exact"],"allowed\\u005fapps":["conformance/other"]}',
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
