#!/usr/bin/env node
/** `fal-emulator`: the emulator on a fixed port, until interrupted. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { createRecorder } from "./cassettes/record.ts";
import { createPlayer } from "./cassettes/replay.ts";
import { createEmulator, type EmulatorOptions } from "./emulator.ts";

const help = `Usage: fal-emulator [options]

A local fal: https://HOST/PATH of fal is at http://127.0.0.1:PORT/HOST/PATH here.

  --port N           port to listen on (default 4747; 0: any free one)
  --host ADDRESS     address to listen on (default 127.0.0.1)
  --latency FACTOR   factor on the time that models and queue take (default 1; 0: at once)
  --concurrency N    calls that may run at once (default: no limit)
  --key ID:SECRET    a key to accept, may be repeated (default: a well-known one)
  --unknown-models K what ids that no model has get: refuse (default, fal's 404) or generic (an answer of their kind)
  --local-urls       let status, response and cancel URLs point here instead of to fal
  --public-url URL   origin in file and upload URLs, when callers use another name for this machine
  --fal-file-urls    file URLs read https://v3.fal.media/…, for clients that take no other host
  --tls              speak TLS with a self-made certificate for fal's hosts
  --certificate FILE where to write that certificate, for NODE_EXTRA_CA_CERTS and its like
  --record FOLDER    stand in front of the real fal, paid by FAL_KEY, and keep what it answers
  --replay FOLDER    answer from what was kept, and from nothing else
  --help             show this
`;

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`fal-emulator: ${explain(error as NodeJS.ErrnoException)}\n`);
  process.exitCode = 1;
}

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: "string", default: "4747" },
      host: { type: "string" },
      latency: { type: "string" },
      concurrency: { type: "string" },
      key: { type: "string", multiple: true },
      "unknown-models": { type: "string" },
      "local-urls": { type: "boolean" },
      "public-url": { type: "string" },
      "fal-file-urls": { type: "boolean" },
      tls: { type: "boolean" },
      certificate: { type: "string" },
      record: { type: "string" },
      replay: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return;
  }
  const port = number("port", values.port);
  if (values.record !== undefined) return record(values.record, port);
  if (values.replay !== undefined) return replay(values.replay, port);
  const options: EmulatorOptions = {
    port,
    record: false,
    ...(values.host !== undefined && { host: values.host }),
    ...(values.latency !== undefined && { latency: number("latency", values.latency) }),
    ...(values.concurrency !== undefined && {
      concurrency: number("concurrency", values.concurrency),
    }),
    ...(values.key && { keys: values.key }),
    ...(values["unknown-models"] !== undefined && {
      unknownModels: kindOfAnswer(values["unknown-models"]),
    }),
    ...(values["local-urls"] && { queueUrls: "local" as const }),
    ...(values["fal-file-urls"] && { fileUrls: "fal" as const }),
    ...(values["public-url"] !== undefined && { publicUrl: values["public-url"] }),
    ...(values.tls && { tls: true }),
  };
  const emulator = await createEmulator(options);
  if (values.certificate !== undefined && emulator.certificate !== undefined) {
    writeFileSync(values.certificate, emulator.certificate);
  }
  process.stdout.write(
    `fal emulator   ${emulator.url}\n` +
      `key            ${emulator.key}\n` +
      `models         ${emulator.models.length}, listed at ${emulator.url}/api.fal.ai/v1/models\n`,
  );
  closeOnSignal(emulator);
}

async function record(folder: string, port: number): Promise<void> {
  const key = process.env["FAL_KEY"];
  if (!key) throw new Error("--record needs your fal key in FAL_KEY: the calls are made with it");
  const recorder = await createRecorder({ folder, key, port });
  process.stdout.write(
    `fal recorder   ${recorder.url}\nkeeps          ${folder}, paid by FAL_KEY, which callers send too\n`,
  );
  closeOnSignal(recorder);
}

async function replay(folder: string, port: number): Promise<void> {
  const onMismatch = (message: string): void => void process.stderr.write(`${message}\n`);
  const player = await createPlayer({ folder, port, onMismatch });
  process.stdout.write(
    `fal player     ${player.url}\nplays          ${folder}, any key is accepted\n`,
  );
  closeOnSignal(player);
}

function closeOnSignal(server: { close(): Promise<void> }): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void server.close());
  }
}

function number(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0))
    throw new TypeError(`--${name} must be a number of 0 or more`);
  return value;
}

function kindOfAnswer(text: string): "generic" | "refuse" {
  if (text === "generic" || text === "refuse") return text;
  throw new TypeError("--unknown-models must be generic or refuse");
}

function explain(error: NodeJS.ErrnoException): string {
  if (error.code === "EADDRINUSE") return "the port is taken; give another with --port";
  return error.message.split("\n", 1)[0]!;
}
