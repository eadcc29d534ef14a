/** `wma.fal.run`: WebRTC signalling in form only. Sessions are kept and beat; no media ever flows. */
import { randomBytes, randomUUID } from "node:crypto";
import { type Answer, json } from "./answer.ts";
import { type Exchange, readObject } from "./exchange.ts";

export interface Signalling {
  handle(exchange: Exchange): Promise<Answer>;
  reset(): void;
}

/** A session whose heartbeat stays away this long is over; clients beat every 5 s. */
const sessionMs = 30_000;

export function createSignalling(): Signalling {
  const lastBeat = new Map<string, number>();
  const isAlive = (id: string): boolean => Date.now() - (lastBeat.get(id) ?? 0) < sessionMs;

  return {
    async handle(exchange) {
      if (exchange.method !== "POST") return json(405, { error: "method not allowed" });
      const body = await readObject(exchange);
      const path = exchange.segments.join("/");
      if (path === "session/heartbeat") {
        const id = String(body["session_id"]);
        const alive = isAlive(id);
        if (alive) lastBeat.set(id, Date.now());
        else lastBeat.delete(id);
        return json(200, { alive });
      }
      if (path !== "ice" && path !== "session") return json(404, { error: "not found" });
      if (typeof body["app_id"] !== "string") return json(400, { error: "app_id is required" });
      if (path === "ice") return json(200, iceServers());
      if (typeof body["sdp"] !== "string" || body["type"] !== "offer") {
        return json(400, { error: "an sdp offer is required" });
      }
      const id = randomUUID();
      for (const old of lastBeat.keys()) if (!isAlive(old)) lastBeat.delete(old);
      lastBeat.set(id, Date.now());
      return json(200, { session_id: id, sdp: refuseAll(body["sdp"]), type: "answer" });
    },
    reset: () => lastBeat.clear(),
  };
}

/** Servers as fal names them; nothing listens there, since no media flows. */
function iceServers(): object {
  const expiry = Math.floor(Date.now() / 1000) + 3600;
  return {
    ice_servers: [
      { urls: ["stun:127.0.0.1:3478"] },
      {
        urls: ["turn:127.0.0.1:3478?transport=udp", "turns:127.0.0.1:5349?transport=tcp"],
        username: `${expiry}:emulator`,
        credential: randomBytes(15).toString("base64"),
      },
    ],
    status: "ok",
    credential_age_seconds: 0,
  };
}

/** An answer that takes none of the offered media (RFC 3264, port 0): the truth about this peer. */
function refuseAll(offer: string): string {
  const media = [...offer.matchAll(/^m=(\S+) \S+ (.+?)\r?$/gm)];
  const lines = media.map(([, kind, rest]) => `m=${kind} 0 ${rest}\r\n`).join("");
  return `v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n${lines}`;
}
