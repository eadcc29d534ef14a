/** Rule P-84: a job belongs to who submitted it. */
import type { Case } from "../case.ts";
import type { Exchange, FalAnswer, Header, Rig } from "../rig.ts";
import { inTopic, refused, relayed } from "../wants.ts";

const APP = "conformance/owned";
const by = (user: string): readonly Header[] => [["X-Conformance-User", user]];

/** fal accepts a job under this id. */
const accepted = (id: string): FalAnswer => ({
  status: 200,
  headers: [
    ["content-type", "application/json"],
    ["x-fal-request-id", id],
  ],
  body: JSON.stringify({ status: "IN_QUEUE", request_id: id, queue_position: 0 }),
});

/** What can be asked of a job: method, and the path below it. */
const asked = [
  ["GET", "/status"],
  ["GET", "/status/stream"],
  ["GET", ""],
  ["PUT", "/cancel"],
] as const;

/** A job of the user `good`. @returns its id */
async function submit(rig: Rig): Promise<string> {
  const id = rig.mark();
  const target = `https://queue.fal.run/${APP}?fal={m}`;
  relayed(await rig.call({ target, headers: by("good"), answer: accepted(id) }));
  return id;
}

function ask(
  rig: Rig,
  user: string,
  id: string,
  [method, path]: (typeof asked)[number] = asked[0],
  app = APP,
): Promise<Exchange> {
  const target = `https://queue.fal.run/${app}/requests/${id}${path}?fal={m}`;
  return rig.call({ method, target, headers: by(user) });
}

const notFound = [404];

export const ownershipCases: Case[] = inTopic("ownership", [
  {
    id: "ownership-own",
    title: "who submitted a job follows it, reads its result and cancels it",
    rule: "P-84",
    level: "MUST",
    profile: "ownership",
    hint: "Keep the request id of a submit's answer, with the user, before the answer is passed on.",
    run: async (rig) => {
      const id = await submit(rig);
      for (const one of asked) relayed(await ask(rig, "good", id, one));
    },
  },
  {
    id: "ownership-others",
    title: "somebody else's job is answered 404, whatever is asked of it",
    rule: "P-84",
    level: "MUST",
    faults: ["R17"],
    profile: "ownership",
    hint: "Compare who asks with who submitted, before anything is sent: the key can see every job.",
    run: async (rig) => {
      const id = await submit(rig);
      for (const one of asked) {
        await refused(await ask(rig, "other", id, one), "it is somebody else's job", notFound);
      }
    },
  },
  {
    id: "ownership-unknown",
    title: "a job of nobody's is answered as somebody else's",
    rule: "P-84",
    level: "MUST",
    profile: "ownership",
    hint: "One answer for both, or the answer says which ids there are.",
    run: async (rig) => {
      const id = await submit(rig);
      const others = await ask(rig, "other", id);
      const unknown = await ask(rig, "other", rig.mark());
      await refused(unknown, "nobody knows this job", notFound);
      unknown.want(
        unknown.reply.body.equals(others.reply.body),
        "the body is that of somebody else's job",
      );
    },
  },
  {
    id: "ownership-app",
    title: "a job is found under its own app alone",
    rule: "P-84",
    level: "MUST",
    profile: "ownership",
    hint: "Keep the app with the id: the endpoint list was asked about that app, and no other.",
    run: async (rig) => {
      const id = await submit(rig);
      const exchange = await ask(rig, "good", id, asked[2], "conformance/another");
      await refused(exchange, "it is no job of this app", notFound);
    },
  },
]);
