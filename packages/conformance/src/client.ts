/** The real fal client, pointed at the proxy, with a note of everything that it sent and got. */
import { createFalClient, type FalClient } from "@fal-ai/client";
import { makeExchange, type Exchange, type Rig } from "./rig.ts";
import { emptyReply, type Reply } from "./wire/reply.ts";

export interface ClientUnderTest {
  readonly fal: FalClient;
  /** The marker that the case must put into endpoint ids or inputs. */
  readonly marker: string;
  /** What has happened so far, as the evidence of a failure. */
  exchange(): Exchange;
  /** The value of `work`; a failure with this client's evidence when it throws. */
  succeeds<T>(wanted: string, work: () => Promise<T>): Promise<T>;
}

export function createClient(rig: Rig): ClientUnderTest {
  const marker = rig.mark();
  const sent: string[] = [];
  const seen: string[] = [];
  let reply: Reply = { ...emptyReply(), trouble: "the client got no reply" };

  const watched: typeof fetch = async (input, init) => {
    const headers = new Headers(init?.headers);
    const target = headers.get("x-fal-target-url");
    const body = typeof init?.body === "string" ? ` ${init.body.slice(0, 200)}` : "";
    sent.push(`${init?.method ?? "GET"} ${target ?? String(input)}${body}`);
    const response = await fetch(input, init);
    seen.push(`${response.status} ${response.headers.get("content-type") ?? ""}`);
    reply = {
      ...reply,
      status: response.status,
      headers: [...response.headers],
      complete: true,
    };
    delete reply.trouble;
    return response;
  };

  const fal = createFalClient({
    proxyUrl: { url: rig.url.href, when: "always" },
    // A key in this process's environment must not travel with the calls.
    credentials: () => undefined,
    fetch: watched,
    retry: { maxRetries: 0 },
  });

  const exchange = (): Exchange => {
    const calls = sent.map((line, index) => `${line}\n  → ${seen[index] ?? "no reply"}`).join("\n");
    const text = `by @fal-ai/client to ${rig.url.href}\n${calls}`;
    return makeExchange(marker, text, reply, () => rig.received(marker));
  };

  return {
    fal,
    marker,
    exchange,
    succeeds: async (wanted, work) => {
      let failure: unknown;
      try {
        return await withPatience(work(), 20_000);
      } catch (error) {
        failure = error;
      }
      const why = failure instanceof Error ? failure.message : String(failure);
      exchange().want(false, `${wanted} (the client says: ${why})`);
      throw failure;
    },
  };
}

async function withPatience<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing after ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
