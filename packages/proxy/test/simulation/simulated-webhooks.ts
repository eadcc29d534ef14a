/** fal's webhooks: signed, and delivered again until somebody takes them. */
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import type { Chance } from "./chance.ts";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");

/** What fal publishes of its keys. */
export const KEYS: object = { keys: [publicKey.export({ format: "jwk" })] };

/** Between deliveries, in ms. */
const PAUSES = [0, 30_000, 120_000, 600_000, 3_600_000];

/** As any customer of fal can have it signed. @param now in ms since 1970 */
function signed(requestId: string, now: number): Request {
  const body = JSON.stringify({ request_id: requestId, status: "OK", payload: { images: [] } });
  const user = "a-customer";
  const timestamp = String(Math.floor(now / 1000));
  const digest = createHash("sha256").update(body).digest("hex");
  const text = [requestId, user, timestamp, digest].join("\n");
  return new Request("https://app.example/api/fal/webhook", {
    method: "POST",
    body,
    headers: {
      "x-fal-webhook-request-id": requestId,
      "x-fal-webhook-user-id": user,
      "x-fal-webhook-timestamp": timestamp,
      "x-fal-webhook-signature": sign(null, Buffer.from(text), privateKey).toString("hex"),
    },
  });
}

/** What takes it; undefined where nobody answers. */
export type Deliver = (webhook: Request) => Promise<Response | undefined>;

/** Tells of a job until that was taken, sometimes twice at once, and sometimes not at all. */
export async function tellOf(
  requestId: string,
  chance: Chance,
  sleep: (ms: number) => Promise<void>,
  deliver: Deliver,
): Promise<void> {
  if (chance.once(6)) return;
  for (const pause of PAUSES) {
    await sleep(pause);
    const copies = chance.once(4) ? 2 : 1;
    const answers = await Promise.all(
      Array.from({ length: copies }, () => deliver(signed(requestId, Date.now()))),
    );
    if (answers.some((answer) => answer?.status === 200) && !chance.once(8)) return;
  }
}

/** Somebody who has learnt the id says that it is over. */
export const lieOf = (requestId: string, deliver: Deliver): Promise<unknown> =>
  deliver(signed(requestId, Date.now()));
