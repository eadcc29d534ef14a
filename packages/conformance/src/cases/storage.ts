/** Rules P-63 and P-83: both upload starts pass, under both names of their host, and whole uploads work with the real client. */
import { createHash } from "node:crypto";
import type { Case } from "../case.ts";
import { createClient } from "../client.ts";
import type { Rig } from "../rig.ts";
import { errorObject, inTopic, refused, relayed } from "../wants.ts";

/** Bytes that differ from place to place, so that a lost or doubled part shows. */
function fileOf(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 4096)
    bytes.writeUInt32LE((at * 2654435761) >>> 0, Math.min(at, length - 4));
  return bytes;
}

async function upload(rig: Rig, length: number): Promise<void> {
  const client = createClient(rig);
  const bytes = fileOf(length);
  const file = new File([bytes], `${client.marker}.bin`, { type: "application/octet-stream" });
  const url = await client.succeeds("fal.storage.upload succeeds", () =>
    client.fal.storage.upload(file),
  );
  const exchange = client.exchange();
  exchange.want(exchange.fal.length > 0, "the upload is started through the proxy");
  const back = await fetch(url);
  const hash = createHash("sha256");
  for await (const chunk of back.body ?? []) hash.update(chunk);
  const wanted = createHash("sha256").update(bytes).digest("hex");
  exchange.want(
    hash.digest("hex") === wanted,
    "the file that fal serves is the file that was uploaded",
  );
}

export const storageCases: Case[] = inTopic("storage", [
  {
    id: "storage-initiate",
    title: "the start of an upload is relayed",
    rule: "P-63",
    level: "MUST",
    hint: "Allow POST rest.fal.ai/storage/upload/initiate with any query.",
    run: async (rig) => {
      for (const query of ["?storage_type=fal-cdn-v3", "?storage_type=gcs", ""]) {
        const exchange = await rig.call({
          target: `https://rest.fal.ai/storage/upload/initiate${query}`,
          body: '{"file_name":"{m}.png","content_type":"image/png"}',
          headers: [["x-fal-object-lifecycle", '{"expiration_duration_seconds":60}']],
        });
        const request = relayed(exchange);
        exchange.want(request.host === "rest.fal.ai", "rest.fal.ai receives it");
      }
    },
  },
  {
    id: "storage-initiate-old-host",
    title: "… and under the host's old name",
    rule: "P-83",
    level: "SHOULD",
    hint: "rest.alpha.fal.ai is the old name of rest.fal.ai: the same two paths, and nothing else.",
    run: async (rig) => {
      const target = "https://rest.alpha.fal.ai/storage/upload/initiate?storage_type=fal-cdn-v3";
      const body = '{"file_name":"{m}.png","content_type":"image/png"}';
      const exchange = await rig.call({ target, body });
      const request = relayed(exchange);
      exchange.want(request.host === "rest.alpha.fal.ai", "rest.alpha.fal.ai receives it");
      const other = await rig.call({ target: "https://rest.alpha.fal.ai/storage/files" });
      await refused(other, "only the starts of uploads are allowed there");
    },
  },
  {
    id: "storage-initiate-multipart",
    title: "the start of an upload in parts is relayed",
    rule: "P-63",
    level: "MUST",
    faults: ["R16"],
    hint: "Allow POST rest.fal.ai/storage/upload/initiate-multipart too: the client uses it above 90 MiB.",
    run: async (rig) => {
      const exchange = await rig.call({
        target: "https://rest.fal.ai/storage/upload/initiate-multipart?storage_type=fal-cdn-v3",
        body: '{"file_name":"{m}.mp4","content_type":"video/mp4"}',
      });
      relayed(exchange);
    },
  },
  {
    id: "storage-upload",
    title: "fal.storage.upload of 1 MB succeeds",
    rule: "P-63",
    level: "MUST",
    hint: "Only the start goes through the proxy; the bytes go to the URL that it returns.",
    run: (rig) => upload(rig, 1_000_000),
  },
  {
    id: "storage-upload-multipart",
    title: "fal.storage.upload of 95 MB, in parts, succeeds",
    rule: "P-63",
    level: "MUST",
    faults: ["R16"],
    alone: true,
    hint: "Above 90 MiB the client starts with initiate-multipart.",
    run: (rig) => upload(rig, 95 * 1024 * 1024),
  },
  {
    id: "storage-get",
    title: "an upload start by GET is refused",
    rule: "P-15",
    level: "SHOULD",
    hint: "The two upload starts are POST.",
    run: async (rig) => {
      const target = "https://rest.fal.ai/storage/upload/initiate?{m}";
      const exchange = await rig.call({ method: "GET", target });
      exchange.want(exchange.fal.length === 0, "nothing is sent to fal");
      errorObject(exchange);
    },
  },
]);
