// Metered in memory, with a million users who have each had a job, and ten thousand price rules.
import { memoryStore } from "@fal-ai/server-proxy/stores/memory";
import { serve } from "../metered.mjs";

const users = 1_000_000;
const store = memoryStore({ max: 10 * users });
const DAY = 86_400_000;
const from = Math.floor(Date.now() / DAY) * DAY;
for (let at = 0; at < users; at++) {
  const subject = `user/${at}`;
  const id = String(at);
  await store.take({
    id,
    hash: "-",
    owner: subject,
    account: "main",
    endpoint: "fal-ai/flux/dev",
    operation: "run",
    claims: [
      {
        bucket: `${subject}|usd day|${new Date(from).toISOString()}`,
        kind: "spend",
        subject,
        guard: "usd day",
        rank: 0,
        amount: 1n,
        limit: undefined,
        from,
        until: from + DAY,
      },
    ],
  });
  await store.advance(id, { state: "charged", requestId: `r-${at}` });
}
serve(store, { users, rules: 10_000 });
