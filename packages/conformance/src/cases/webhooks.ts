/** Rule P-66: where webhooks are restricted, a caller cannot choose where results go. */
import type { Case } from "../case.ts";
import type { Rig } from "../rig.ts";
import { inTopic, refused, relayed } from "../wants.ts";

const submit = (rig: Rig, query: string): ReturnType<Rig["call"]> =>
  rig.call({ target: `https://queue.fal.run/conformance/{m}${query}` });

const evil = encodeURIComponent("https://evil.example/hook");
const good = encodeURIComponent("https://hooks.example/fal?x=1");
const refusals = [400, 403, 422];

export const webhookCases: Case[] = inTopic("webhooks", [
  {
    id: "webhooks-denied",
    title: "where webhooks are off, a submit with one is refused",
    rule: "P-66",
    level: "MUST",
    profile: "webhooks-deny",
    hint: "Look at fal_webhook in the decoded query of a submit.",
    run: async (rig) => {
      await refused(await submit(rig, `?fal_webhook=${evil}`), "webhooks are off", refusals);
      await refused(await submit(rig, `?fal%5Fwebhook=${evil}`), "webhooks are off", refusals);
      await refused(await submit(rig, "?a=1&fal_webhook="), "webhooks are off", refusals);
    },
  },
  {
    id: "webhooks-denied-others-pass",
    title: "… and a submit without one is relayed",
    rule: "P-66",
    level: "MUST",
    profile: "webhooks-deny",
    hint: "Only fal_webhook is meant, not every query.",
    run: async (rig) => {
      relayed(await submit(rig, ""));
      relayed(await submit(rig, "?fal_max_queue_length=10"));
    },
  },
  {
    id: "webhooks-host-allowed",
    title: "a webhook to an allowed host is relayed",
    rule: "P-66",
    level: "MUST",
    profile: "webhooks-hosts",
    hint: "Compare the parsed host.",
    run: async (rig) => {
      relayed(await submit(rig, `?fal_webhook=${good}`));
    },
  },
  {
    id: "webhooks-host-refused",
    title: "a webhook to any other host is refused, in any spelling",
    rule: "P-66",
    level: "MUST",
    profile: "webhooks-hosts",
    hint: "Parse the URL, ask for https, compare the whole host, and judge every occurrence.",
    run: async (rig) => {
      const why = "its webhook's host is not allowed";
      for (const query of [
        `?fal_webhook=${evil}`,
        `?fal_webhook=${good}&fal_webhook=${evil}`,
        `?fal_webhook=${evil}&fal_webhook=${good}`,
        `?fal%5Fwebhook=${evil}`,
        `?fal_webhook=${encodeURIComponent("https://hooks.example@evil.example/")}`,
        `?fal_webhook=${encodeURIComponent("https://hooks.example.evil.example/")}`,
        `?fal_webhook=${encodeURIComponent("https://evil.example/?hooks.example")}`,
        `?fal_webhook=hooks.example`,
      ]) {
        await refused(await submit(rig, query), why, refusals);
      }
    },
  },
  {
    id: "webhooks-host-read-otherwise",
    title: "a webhook that another parser would read otherwise is refused",
    rule: "P-66",
    level: "MUST",
    profile: "webhooks-hosts",
    hint: "The text is sent, so the text is judged: https://, a plain host, no user, no backslash, no white space.",
    run: async (rig) => {
      for (const hook of [
        "https://hooks.example\\@evil.example/",
        "https://hooks.example\\.evil.example/",
        "https://evil.example\\@hooks.example/",
        "https:\\\\hooks.example/",
        "https:hooks.example",
        "https:hooks.example/fal",
        "https:/hooks.example/fal",
        "https:///hooks.example/fal",
        "https:////hooks.example/fal",
        "https://user@hooks.example/",
        "https://user:secret@hooks.example/",
        "https://@hooks.example/",
        "https://:@hooks.example/",
        "https://hooks.example:443@evil.example/",
        "https://hooks.exam\tple/",
        "https://hooks.example\n.evil.example/",
        "ht\r\ntps://hooks.example/",
        "https:/\t/hooks.example/",
        " https://hooks.example/",
        "\thttps://hooks.example/",
        "https://hooks.example/\n",
        "https://hooks.example &@evil.example/",
        "https://hooks.example\0.evil.example/",
        "https://%68ooks.example/",
        "https://hooks%2eexample/",
        "https://hooks.example%2eevil.example/",
        "https://hooks.example%00.evil.example/",
        "https://ｈooks.example/",
        "https://hooks。example/",
        "https://hooks\u00ad.example/",
        "https://hooks.example./",
        "https://[hooks.example]/",
        "https://hooks.example,evil.example/",
        "//hooks.example/",
        "http://hooks.example/",
        "ftp://hooks.example/",
        "blob:https://hooks.example/1",
      ]) {
        const query = `?fal_webhook=${encodeURIComponent(hook)}`;
        await refused(await submit(rig, query), "its host can be read in two ways", refusals);
      }
    },
  },
]);
