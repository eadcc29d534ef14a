/** Rules P-20 to P-27: whose key pays, and who may call. */
import type { RecordedRequest } from "fal-emulator";
import type { Case } from "../case.ts";
import type { Exchange, Rig } from "../rig.ts";
import { errorObject, inTopic, refused, relayed, soon, unsent } from "../wants.ts";

/** The values of the `authorization` lines that fal received. */
function authorizations(request: RecordedRequest): string[] {
  const values: string[] = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    if (request.rawHeaders[i]?.toLowerCase() === "authorization")
      values.push(request.rawHeaders[i + 1] ?? "");
  }
  return values;
}

function paidBy(exchange: Exchange, key: string): void {
  const got = authorizations(relayed(exchange));
  exchange.want(
    got.length === 1 && got[0] === `Key ${key}`,
    "fal receives one Authorization header, `Key ` and the operator's key",
  );
}

/** The key arrives repaired, or the proxy refuses; it never sends something else. */
async function repairedOrRefused(rig: Rig): Promise<void> {
  const exchange = await rig.call();
  if (exchange.reply.status === 200) return paidBy(exchange, rig.key);
  await refused(exchange, "the key cannot be used as it is", [500]);
}

const bearer = ["authorization", "Bearer app-session-{m}"] as const;

export const authCases: Case[] = inTopic("auth", [
  {
    id: "auth-key-sent",
    title: "fal receives the operator's key",
    rule: "P-20",
    level: "MUST",
    hint: "Send `Authorization: Key ` followed by FAL_KEY.",
    run: async (rig) => paidBy(await rig.call(), rig.key),
  },
  {
    id: "auth-caller-session-not-sent",
    title: "a session token of the caller does not reach fal",
    rule: "P-21",
    level: "MUST",
    faults: ["R6"],
    hint: "Never copy the caller's Authorization: set it from the key.",
    run: async (rig) => {
      const exchange = await rig.call({ headers: [bearer] });
      const request = relayed(exchange);
      const told = request.rawHeaders.some((text) => text.includes("app-session"));
      exchange.want(!told, "no header that fal receives holds the caller's session");
      paidBy(exchange, rig.key);
    },
  },
  {
    id: "auth-caller-basic-not-sent",
    title: "Basic and other credentials of the caller do not reach fal",
    rule: "P-21",
    level: "MUST",
    faults: ["R6"],
    hint: "Only a value that begins with `Key ` can be a fal key, and only where callers may bring one.",
    run: async (rig) => {
      for (const value of ["Basic dXNlcjpwYXNz", "anything", ""]) {
        const exchange = await rig.call({ headers: [["authorization", value]] });
        paidBy(exchange, rig.key);
      }
    },
  },
  {
    id: "auth-caller-key",
    title: "a caller's own fal key is used alone, or ignored",
    rule: "P-22",
    level: "MUST",
    hint: "Send one Authorization header: the caller's `Key …`, where that is wanted, or the operator's.",
    run: async (rig) => {
      const own = "Key caller-id:caller-secret";
      const exchange = await rig.call({ headers: [["authorization", own]] });
      await soon();
      const { status } = exchange.reply;
      if (exchange.fal.length === 0) {
        return exchange.want(
          status === 401 || status === 403,
          "a caller's key is used, ignored or refused",
        );
      }
      const got = authorizations(relayed(exchange));
      exchange.want(
        got.length === 1 && (got[0] === own || got[0] === `Key ${rig.key}`),
        "fal receives one key, the caller's or the operator's",
      );
    },
  },
  {
    id: "auth-no-key",
    title: "without a key nothing is sent",
    rule: "P-23",
    level: "MUST",
    faults: ["R7"],
    profile: "no-key",
    hint: "Check the key before the call, and answer 500; or refuse to start.",
    run: async (rig) => refused(await rig.call(), "there is no key", [500]),
  },
  {
    id: "auth-no-key-code",
    title: "without a key the error says no_credentials",
    rule: "P-55",
    level: "SHOULD",
    faults: ["R7", "R18"],
    profile: "no-key",
    hint: "Name the variable that is missing: the reader is the developer who forgot it.",
    run: async (rig) => {
      const exchange = await rig.call();
      const error = errorObject(exchange);
      exchange.want(error.code === "no_credentials", "code is no_credentials");
      exchange.want(String(error.message).includes("FAL_KEY"), "the message names FAL_KEY");
    },
  },
  {
    id: "auth-key-pair",
    title: "FAL_KEY_ID and FAL_KEY_SECRET serve as the key",
    rule: "P-24",
    level: "SHOULD",
    faults: ["R7"],
    profile: "key-pair",
    hint: "Join them with a colon when FAL_KEY is not set.",
    run: async (rig) => paidBy(await rig.call(), rig.key),
  },
  {
    id: "auth-key-quoted",
    title: "a key in quotes is repaired or refused",
    rule: "P-24",
    level: "SHOULD",
    faults: ["R33"],
    profile: "quoted-key",
    hint: 'FAL_KEY="…" in a file that is not read by a shell keeps its quotes.',
    run: repairedOrRefused,
  },
  {
    id: "auth-key-prefixed",
    title: "a key with `Key ` in front is repaired or refused",
    rule: "P-24",
    level: "SHOULD",
    faults: ["R33"],
    profile: "prefixed-key",
    hint: "Do not send `Key Key …`.",
    run: repairedOrRefused,
  },
  {
    id: "auth-key-empty",
    title: "an empty key is no key",
    rule: "P-24",
    level: "SHOULD",
    faults: ["R33"],
    profile: "empty-key",
    hint: "Trim before you look whether it is there.",
    run: async (rig) => refused(await rig.call(), "the key is empty", [500]),
  },
  {
    id: "auth-key-never-replied",
    title: "the key is in no reply, whatever happens",
    rule: "P-25",
    level: "MUST",
    alone: true,
    hint: "Do not put the upstream request, its headers or an exception's text into a reply.",
    run: async (rig) => {
      const secret = rig.key.split(":")[1] as string;
      for (const exchange of [
        await rig.call(),
        await rig.call({ target: null }),
        await rig.call({ target: "https://evil.example/{m}" }),
        await rig.call({ headers: [["content-type", "application/json"]], body: "{" }),
        await rig.call({ answer: { status: 401, body: '{"detail":"invalid key credentials"}' } }),
        await rig.call({ answer: { resetAtByte: 0 } }),
        await rig.call({ answer: { redirect: "https://fal.run/conformance/{m}" } }),
      ]) {
        const { reply } = exchange;
        const text = reply.headers.flat().join("\n") + reply.body.toString("latin1");
        exchange.want(!text.includes(secret), "the reply does not hold the key");
      }
    },
  },
  {
    id: "auth-key-never-printed",
    title: "the key is not in what the process prints",
    rule: "P-25",
    level: "MUST",
    needs: ["process"],
    alone: true,
    hint: "Keep authorization out of logs, and do not log whole requests or exceptions that carry them.",
    run: async (rig) => {
      const exchange = await rig.call();
      await rig.call({ answer: { resetAtByte: 0 } });
      const secret = rig.key.split(":")[1] as string;
      exchange.want(!rig.printed().includes(secret), "the proxy prints no key");
    },
  },
  ...(
    [
      ["no-header", "a caller without any Authorization", "R4", []],
      ["empty-header", "an empty Authorization", "R19", [["authorization", ""]]],
      ["invented-token", "an invented Bearer token", "R19", [["authorization", "Bearer invented"]]],
      ["invented-value", "an invented value", "R19", [["authorization", "let me in"]]],
    ] as const
  ).map(
    ([name, what, fault, headers]) =>
      ({
        id: `auth-locked-${name}`,
        title: `where sign-in is required, ${what} is 401`,
        rule: "P-26",
        level: "MUST",
        faults: [fault],
        profile: "locked",
        hint: "A header that nobody verified is no sign-in. Beware of comparing with null what may be undefined.",
        run: async (rig) => {
          const target = "https://queue.fal.run/conformance/allowed/{m}";
          await refused(await rig.call({ target, headers }), "nobody is signed in", [401]);
        },
      }) satisfies Omit<Case, "topic">,
  ),
  {
    id: "auth-locked-unlisted",
    title: "an unknown caller cannot find out which endpoints are listed",
    rule: "P-26",
    level: "MUST",
    profile: "locked",
    hint: "Ask who calls before you ask the list, and answer both alike.",
    run: async (rig) => {
      const known = await rig.call({ target: "https://queue.fal.run/conformance/exact?{m}" });
      await refused(known, "nobody is signed in", [401]);
      const { code } = errorObject(known);
      for (const [method, url] of [
        ["POST", "queue.fal.run/conformance/other?{m}"],
        ["POST", "fal.run/conformance/exact/stream?{m}"],
        ["POST", "fal.run/conformance/other/stream?{m}"],
        ["GET", "fal.run/fal-ai/other?{m}"],
        ["GET", "queue.fal.run/fal-ai/flux/requests/{m}/status"],
        ["GET", "queue.fal.run/fal-ai/other/requests/{m}/status"],
        ["PUT", "queue.fal.run/fal-ai/other/requests/{m}/cancel"],
        ["POST", "queue.fal.run/workflows/conformance/other?{m}"],
      ] as const) {
        const exchange = await rig.call({ method, target: `https://${url}` });
        await refused(exchange, "nobody is signed in", [401]);
        exchange.want(errorObject(exchange).code === code, `code is ${String(code)} here as well`);
      }
    },
  },
  {
    id: "auth-locked-invented-key",
    title: "where sign-in is required, an invented key never makes the operator pay",
    rule: "P-26",
    level: "MUST",
    faults: [],
    profile: "locked",
    hint: "A caller's `Key …` is used in place of the operator's, or refused with 401.",
    run: async (rig) => {
      const target = "https://queue.fal.run/conformance/allowed/{m}";
      const headers = [["authorization", "Key invented:key"]] as const;
      const exchange = await rig.call({ target, headers });
      await soon();
      const secret = rig.key.split(":")[1] as string;
      const paid = exchange.fal.some((request) => authorizations(request).join().includes(secret));
      exchange.want(!paid, "the operator's key is not sent");
    },
  },
  {
    id: "auth-locked-code",
    title: "the refusal of an unknown caller has the code unauthenticated",
    rule: "P-55",
    level: "SHOULD",
    faults: ["R18"],
    profile: "locked",
    hint: "See the table of codes.",
    run: async (rig) => {
      const exchange = await rig.call({ target: "https://queue.fal.run/conformance/allowed/{m}" });
      exchange.want(errorObject(exchange).code === "unauthenticated", "code is unauthenticated");
    },
  },
  {
    id: "auth-check-accepts",
    title: "whom the app's own check accepts is relayed with the operator's key",
    rule: "P-27",
    level: "MUST",
    faults: ["R6"],
    profile: "authenticated",
    hint: "The check's answer alone decides; the caller's Authorization stays with the app.",
    run: async (rig) => {
      const headers = [["X-Conformance-User", "good"], bearer] as const;
      paidBy(await rig.call({ headers }), rig.key);
    },
  },
  {
    id: "auth-check-refuses",
    title: "whom the app's own check refuses is 401, also with an Authorization header",
    rule: "P-27",
    level: "MUST",
    faults: ["R20"],
    profile: "authenticated",
    hint: "Giving a check must be enough: do not ask for a second option that makes its answer count.",
    run: async (rig) => {
      const why = "the app's check said no";
      await refused(await rig.call(), why, [401]);
      await refused(
        await rig.call({ headers: [["x-conformance-user", "bad"], bearer] }),
        why,
        [401],
      );
    },
  },
  {
    id: "auth-check-header-case",
    title: "the app's own check finds headers in any spelling",
    rule: "P-27",
    level: "MUST",
    faults: ["R29"],
    profile: "signed-in",
    hint: "Header lookup in the check's argument must be case-insensitive.",
    run: async (rig) => {
      paidBy(await rig.call({ headers: [["x-conformance-user", "good"]] }), rig.key);
      paidBy(await rig.call({ headers: [["X-CONFORMANCE-USER", "good"]] }), rig.key);
    },
  },
  {
    id: "auth-check-throws",
    title: "a check that throws is a 500 which tells nothing, and ends nothing",
    rule: "P-56",
    level: "MUST",
    faults: ["R35"],
    profile: "throwing",
    alone: true,
    hint: "Catch it, answer the error object, keep the text for the log.",
    run: async (rig) => {
      const exchange = await rig.call();
      await unsent(exchange, "the check gave no answer");
      exchange.want(exchange.reply.status === 500, "the caller is told 500");
      const text = exchange.reply.body.toString();
      exchange.want(
        !/secret\.js|\bat .+:\d+|node_modules/.test(text),
        "the reply tells no path and no stack",
      );
      errorObject(exchange);
      const after = await rig.call();
      after.want(after.reply.status === 500, "the proxy still answers");
    },
  },
  {
    id: "auth-undefined-credential",
    title: "a credential function that answers nothing is a refusal",
    rule: "P-23",
    level: "MUST",
    faults: ["R21"],
    profile: "undefined-auth",
    hint: "Do not fall back to the key of the environment.",
    run: async (rig) => refused(await rig.call(), "there is no credential", [401, 500]),
  },
  {
    id: "auth-env-function",
    title: "the package's own environment function gives a whole credential",
    rule: "P-20",
    level: "MUST",
    faults: ["R7"],
    profile: "env-auth",
    hint: "Add the `Key ` scheme where a bare key is given.",
    run: async (rig) => paidBy(await rig.call(), rig.key),
  },
  {
    id: "auth-adapter-key",
    title: "the adapter's own option for the key is used",
    rule: "P-20",
    level: "MUST",
    faults: ["R7"],
    profile: "adapter-key",
    hint: "The option must win over an absent environment variable.",
    run: async (rig) => paidBy(await rig.call(), rig.key),
  },
]);
