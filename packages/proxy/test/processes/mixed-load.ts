/**
 * Money with real parts: several processes, of which some are killed, share one engine, whose server is killed as well;
 * users run models, submit jobs, follow, cancel and forget them. At rest every user's budget is held against the bill
 * of the emulated fal.
 */
import assert from "node:assert/strict";
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createEmulator } from "fal-emulator";
import { settleDue } from "../../src/limits/sweep.ts";
import { chanceFrom, type Chance } from "../simulation/chance.ts";
import { budgetOf, createModel, defineApp, modelOf, userOf } from "./app.ts";
import { openStore, startEngine, type EngineName, type OpenStore } from "./engines.ts";

const PROCESSES = 4;
/** How many users call at once. */
const LANES = 48;

export interface Load {
  readonly engine: EngineName;
  readonly users: number;
  readonly jobs: number;
  readonly seed: number;
}

export interface Outcome {
  /** Users of whom every word of fal was heard, whose budget is exactly their bill. */
  readonly exact: number;
  readonly users: number;
  /** Calls that were billed. */
  readonly charges: number;
  readonly billedUsd: number;
  /** Booked above the bill, since nobody knows whether it was billed. */
  readonly overshootUsd: number;
  readonly killed: number;
  readonly refused: number;
}

interface Served {
  readonly child: ChildProcess;
  readonly url: string;
  /** Who waits for it now. */
  readonly waiting: Map<symbol, string>;
}

export async function playLoad({ engine, users: count, jobs, seed }: Load): Promise<Outcome> {
  const users = Array.from({ length: count }, (_, at) => `u${at}`);
  const chance = chanceFrom(seed);
  const started = await startEngine(engine);
  const fal = await createEmulator({
    latency: 1,
    queueMs: 5,
    record: 1,
    models: users.map(createModel),
  });
  const app = openStore(engine, started.address);
  const spawned: ChildProcess[] = [];
  const serve = async (): Promise<Served> => {
    const file = new URL("./proxy-process.ts", import.meta.url).pathname;
    const child = fork(file, [engine, started.address, fal.url, fal.key], {
      execArgv: ["--import", "tsx"],
    });
    spawned.push(child);
    const [port] = (await once(child, "message")) as [number];
    return { child, url: `http://127.0.0.1:${port}/`, waiting: new Map() };
  };
  try {
    // Whatever is missing is made once, and not by four at a time.
    await app.store.look({ buckets: [] });
    await app.store.override({ subject: "user/nobody", limit: undefined });
    const processes = await Promise.all(Array.from({ length: PROCESSES }, serve));
    /** Of whom fal has not told all that it bills, or nobody has heard it. */
    const unheard = new Set<string>();
    let [left, killed, refused] = [jobs, 0, 0];

    const ask = async (user: string, path: string, init: RequestInit = {}): Promise<Reply> => {
      const served = chance.pick(processes);
      const call = Symbol();
      served.waiting.set(call, user);
      try {
        const answer = await fetch(served.url, {
          ...init,
          headers: {
            "x-user": user,
            "content-type": "application/json",
            "x-fal-target-url": `https://${path}`,
          },
        });
        const body = (await answer.json().catch(() => ({}))) as Reply["body"];
        if (answer.status === 503 || answer.status === 429) refused += 1;
        return { status: answer.status, body };
      } catch {
        // The process was killed.
        unheard.add(user);
        return { status: 0, body: {} };
      } finally {
        served.waiting.delete(call);
      }
    };

    const lane = async (): Promise<void> => {
      while (left-- > 0) {
        const user = chance.pick(users);
        const isTold = await playJob(user, chance, ask);
        if (!isTold) unheard.add(user);
      }
    };
    const disasters = async (): Promise<void> => {
      for (const share of [0.8, 0.65, 0.5]) {
        while (left > jobs * share) await pause(5);
        const [victim] = processes.splice(chance.below(PROCESSES), 1) as [Served];
        for (const user of victim.waiting.values()) unheard.add(user);
        victim.child.kill("SIGKILL");
        killed += 1;
        processes.push(await serve());
      }
      while (left > jobs * 0.3) await pause(5);
      await started.server?.kill();
      await pause(200);
      await started.server?.start();
    };
    const harm = disasters();
    await Promise.all(Array.from({ length: LANES }, lane));
    await harm;
    await Promise.all(processes.map(({ child }) => endInOrder(child)));
    await settleAll(app, fal, users);
    return { ...(await audit(app, users, fal.charges, unheard)), killed, refused };
  } finally {
    for (const child of spawned) child.kill("SIGKILL");
    await app.close();
    await fal.close();
    await started.remove();
  }
}

interface Reply {
  readonly status: number;
  readonly body: { request_id?: string; status?: string };
}
type Ask = (user: string, path: string, init?: RequestInit) => Promise<Reply>;

/** One of the things that users do. @returns whether fal tells in the end what it bills */
async function playJob(user: string, chance: Chance, ask: Ask): Promise<boolean> {
  const input = {
    num_images: chance.between(1, 4),
    ...(chance.once(12) && { fails: true }),
    ...(chance.once(60) && { silent: true }),
  };
  const post = { method: "POST", body: JSON.stringify(input) };
  let isTold = !("silent" in input);
  if (chance.once(3)) {
    await ask(user, `fal.run/${modelOf(user)}`, post);
    return isTold;
  }
  const { body } = await ask(user, `queue.fal.run/${modelOf(user)}`, post);
  const { request_id: id } = body;
  // One of five never asks again.
  if (id === undefined || chance.once(5)) return isTold;
  const job = `queue.fal.run/fal-ai/load/requests/${id}`;
  if (chance.once(20)) {
    const { status } = await ask(user, `${job}/cancel`, { method: "PUT" });
    // What it did until it stopped fal does not tell.
    if (status === 202) isTold = false;
  }
  for (let polls = 0; polls < 3; polls++) {
    const { body } = await ask(user, `${job}/status`);
    if (body.status === "COMPLETED") break;
    await pause(20);
  }
  for (let reads = chance.between(0, 2); reads > 0; reads--) await ask(user, job);
  return isTold;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function endInOrder(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.send("drain");
  await ended;
}

/** As the sweep does in an hour. */
async function settleAll(
  { store, passTime }: OpenStore,
  fal: { url: string; key: string },
  users: readonly string[],
): Promise<void> {
  const proxy = defineApp(store, fal);
  for (let rounds = 0; rounds < 200; rounds++) {
    await passTime();
    await settleDue(proxy, { max: 500, concurrency: 16 });
    const { buckets } = await store.look({ buckets: users.map(budgetOf) });
    if (buckets.every(({ held }) => held === 0n)) return;
  }
  throw new Error("some jobs are never settled");
}

/** @throws AssertionError that names the user whose budget does not agree with his bill */
async function audit(
  { store }: OpenStore,
  users: readonly string[],
  charges: readonly { endpointId: string; requestId: string; costNanoUsd: bigint }[],
  unheard: ReadonlySet<string>,
): Promise<Omit<Outcome, "killed" | "refused">> {
  const billed = new Map<string, bigint>();
  for (const { endpointId, costNanoUsd } of charges) {
    const user = userOf(endpointId);
    billed.set(user, (billed.get(user) ?? 0n) + costNanoUsd);
  }
  const { buckets } = await store.look({ buckets: users.map(budgetOf) });
  let [exact, overshoot, sum] = [0, 0n, 0n];
  for (const [at, user] of users.entries()) {
    const [used, bill] = [buckets[at]?.used ?? 0n, billed.get(user) ?? 0n];
    sum += bill;
    overshoot += used - bill;
    assert.ok(used >= bill, `${user} has used ${used}, and is billed ${bill}`);
    if (unheard.has(user)) continue;
    assert.equal(used, bill, `${user} was always told what he is billed`);
    exact += 1;
  }
  for (const { requestId, costNanoUsd } of charges) {
    const { job } = await store.look({ requestId });
    if (job?.state !== "charged") continue;
    const booked = job.bookings.find(({ bucket }) => bucket.includes("|usd ever|"))?.booked;
    assert.equal(booked, costNanoUsd, `request ${requestId}`);
  }
  return {
    exact,
    users: users.length,
    charges: charges.length,
    billedUsd: Number(sum) / 1e9,
    overshootUsd: Number(overshoot) / 1e9,
  };
}
