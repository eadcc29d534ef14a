// Recording in front of a fal, and playing back without it: the real client, over real sockets.
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createFalClient, type FalClient } from "@fal-ai/client";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { createPlayer, createRecorder, type Emulator } from "../src/index.ts";
import { start } from "./fixture.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cassettes-"));
  return () => rm(folder, { recursive: true, force: true });
});

/** fal's client, whose calls go below `url`. */
const clientOf = (url: string, key: string): FalClient =>
  createFalClient({
    credentials: key,
    fetch: (input, init) => {
      const text = String(input);
      return fetch(text.startsWith("https://") ? `${url}/${text.slice(8)}` : text, init);
    },
    retry: { maxRetries: 0 },
  });

async function record(
  emulator: Emulator,
  act: (fal: FalClient, url: string) => Promise<void>,
): Promise<void> {
  const recorder = await createRecorder({ folder, key: emulator.key, upstream: emulator.url });
  try {
    await act(clientOf(recorder.url, emulator.key), recorder.url);
  } finally {
    await recorder.close();
  }
}

async function play(
  onMismatch?: (message: string) => void,
): Promise<{ fal: FalClient; url: string }> {
  const player = await createPlayer({ folder, ...(onMismatch && { onMismatch }) });
  onTestFinished(() => player.close());
  return { fal: clientOf(player.url, "no:key"), url: player.url };
}

async function texts(): Promise<string> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile());
  const all = await Promise.all(
    files.map(
      async (entry) =>
        `${entry.name}\n${await readFile(join(entry.parentPath, entry.name), "latin1")}`,
    ),
  );
  return all.join("\n");
}

const cat = { prompt: "a cat", image_size: "square", seed: 7 } as const;
const bytesOf = async (url: string): Promise<Buffer> =>
  Buffer.from(await (await fetch(url)).arrayBuffer());

describe("what was recorded is played back once fal is gone", () => {
  /** Everything that an app does with fal; the same results, whoever answers. */
  async function everything(fal: FalClient): Promise<unknown[]> {
    const states: string[] = [];
    const run = await fal.run("fal-ai/flux/schnell", { input: cat });
    const polled = await fal.subscribe("fal-ai/flux/schnell", {
      input: cat,
      pollInterval: 20,
      logs: true,
      onQueueUpdate: ({ status }) => states.push(status),
    });
    const streamed = await fal.subscribe("fal-ai/echo", {
      input: { text: "one" },
      mode: "streaming",
    });
    const stream = await fal.stream("fal-ai/echo", { input: { text: "two" } });
    const last: unknown = await stream.done();
    const url = await fal.storage.upload(new Blob(["a picture"], { type: "image/png" }));
    const edited = await fal.run("fal-ai/echo", { input: { image_url: url } });
    const image = (run.data as { images: Array<{ url: string }> }).images[0]!.url;
    return [
      (run.data as { seed: number }).seed,
      (await bytesOf(image)).length,
      (polled.data as { prompt: string }).prompt,
      states.at(-1),
      JSON.stringify(streamed.data).includes("one"),
      JSON.stringify(last).includes("two"),
      (await bytesOf(url)).toString(),
      edited.requestId.length,
    ];
  }

  test("runs, jobs, streams, uploads and files", async () => {
    const emulator = await start();
    let recorded: unknown[] = [];
    await record(emulator, async (fal) => {
      recorded = await everything(fal);
    });
    await emulator.close();
    const { fal } = await play();
    expect(await everything(fal)).toEqual(recorded);
    // And again, for a test that runs twice in one process.
    expect(await everything(fal)).toEqual(recorded);
  });

  test("the same call several times, in its order, and then the last again", async () => {
    const emulator = await start({
      models: [
        {
          id: "test/count",
          run: (() => {
            let count = 0;
            return async () => ({ body: { count: ++count } });
          })(),
        },
      ],
    });
    await record(emulator, async (fal) => {
      for (let call = 0; call < 3; call++) await fal.run("test/count", { input: {} });
    });
    const { fal } = await play();
    const counts: unknown[] = [];
    for (let call = 0; call < 5; call++) {
      counts.push(((await fal.run("test/count", { input: {} })).data as { count: number }).count);
    }
    expect(counts).toEqual([1, 2, 3, 3, 3]);
  });

  test("failures and a cancelled job as well", async () => {
    const emulator = await start({ queueMs: 5000, latency: 1 });
    let submitted = "";
    await record(emulator, async (fal) => {
      await fal.run("test/invalid", { input: {} }).catch(() => undefined);
      const { request_id: requestId } = await fal.queue.submit("test/slow", { input: { ms: 1 } });
      submitted = requestId;
      await fal.queue.cancel("test/slow", { requestId });
      await fal.queue.status("test/slow", { requestId });
    });
    const { fal } = await play();
    await expect(fal.run("test/invalid", { input: {} })).rejects.toMatchObject({ status: 422 });
    const { request_id: requestId } = await fal.queue.submit("test/slow", { input: { ms: 1 } });
    expect(requestId).toBe(submitted);
    await fal.queue.cancel("test/slow", { requestId });
    expect((await fal.queue.status("test/slow", { requestId })).status).toBe("COMPLETED");
  });
});

test("an upload in parts passes through, under any order", async () => {
  const emulator = await start();
  await record(emulator, async (fal, url) => {
    const begun = await fetch(`${url}/rest.fal.ai/storage/upload/initiate-multipart`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Key ${emulator.key}` },
      body: JSON.stringify({ content_type: "text/plain", file_name: "a.txt" }),
    });
    const { upload_url: target, file_url: file } = (await begun.json()) as Record<string, string>;
    expect(target).toMatch(`${url}/v3.fal.media/`);
    const at = (suffix: number | string): string => target!.replace("?", `/${suffix}?`);
    const parts = await Promise.all(
      [1, 2].map(async (part) =>
        (await fetch(at(part), { method: "PUT", body: `part ${part};` })).json(),
      ),
    );
    const body = JSON.stringify({ parts: parts.toReversed() });
    expect((await fetch(at("complete"), { method: "POST", body })).status).toBe(200);
    expect(String(await bytesOf(file!))).toBe("part 1;part 2;");
    await fal.run("fal-ai/echo", { input: { file_url: file } });
  });
  const { fal } = await play();
  const url = await fal.storage.upload(new Blob(["part 1;part 2;"], { type: "text/plain" }));
  await fal.run("fal-ai/echo", { input: { file_url: url } });
});

describe("a call that was not recorded", () => {
  test("is a 404 that says what differs, told once, and not repeated", async () => {
    const emulator = await start();
    await record(
      emulator,
      async (fal) => void (await fal.run("fal-ai/flux/schnell", { input: cat })),
    );
    const told: string[] = [];
    const { fal } = await play((message) => told.push(message));
    const failed = fal.run("fal-ai/flux/schnell", { input: { ...cat, prompt: "a dog" } });
    await expect(failed).rejects.toMatchObject({
      status: 404,
      body: {
        error_type: "not_recorded",
        detail: expect.stringContaining('input.prompt: "a cat" was recorded, "a dog" was sent'),
      },
    });
    await expect(fal.run("fal-ai/other", { input: {} })).rejects.toMatchObject({
      body: {
        detail: expect.stringContaining(
          "fal.run/fal-ai/other was never recorded. The cassettes have fal.run/fal-ai/flux/schnell",
        ),
      },
    });
    expect(told).toHaveLength(2);
  });

  test("another picture is another input, whatever its name; the same one under another name is not", async () => {
    const emulator = await start();
    const edit = async (fal: FalClient, bytes: string, type: string): Promise<unknown> => {
      const url = await fal.storage.upload(new Blob([bytes], { type }));
      return fal.run("fal-ai/echo", { input: { image_url: url } });
    };
    await record(emulator, async (fal) => void (await edit(fal, "one", "image/png")));
    const { fal } = await play();
    await edit(fal, "one", "image/jpeg");
    await expect(edit(fal, "two", "image/png")).rejects.toMatchObject({ status: 404 });
  });
});

describe("what is written", () => {
  test("holds no key, no signature, no token, no address, in no form", async () => {
    const key = "0f3c2d1e-key-id-0001:5ecretpart-5ecretpart-5ecret";
    const [id, secret] = key.split(":") as [string, string];
    const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyIn0.c2lnbmF0dXJl";
    const leaks = {
      whole: key,
      half: secret,
      header: `Key ${key}`,
      encoded: encodeURIComponent(key),
      base64: Buffer.from(key).toString("base64"),
      signed:
        "https://storage.example/x.png?X-Goog-Signature=abc123signature&X-Goog-Credential=someone%40project&a=1",
      token: "https://fal.run/x?fal_jwt_token=topsecret-token-value",
      jwt,
      mail: "ada.lovelace@company.example",
      address: "203.0.113.77",
    };
    const personal = { signed: leaks.signed, jwt, mail: leaks.mail, address: leaks.address };
    const emulator = await start({
      keys: [key],
      models: [
        {
          id: "test/leaks",
          run: async () => ({
            body: leaks,
            headers: { "x-fal-cdn-token": jwt, "set-cookie": "a=topsecret-cookie" },
          }),
        },
      ],
    });
    await record(emulator, async (fal, url) => {
      await fal.run("test/leaks", { input: { ...leaks, text: "kept" } });
      await fal.run("test/leaks", { input: personal });
      await fal.queue.submit("test/leaks", {
        input: {},
        webhookUrl: "https://me.example/hook?secret=topsecret-hook",
      });
      await fetch(`${url}/fal.run/test/leaks?key=${secret}`, {
        headers: { cookie: "a=topsecret-cookie", authorization: `Key ${key}` },
      });
    });
    const written = await texts();
    expect(written).toContain("kept");
    for (const part of [
      id,
      secret,
      jwt,
      "abc123signature",
      "someone%40project",
      "topsecret",
      "ada.lovelace",
      "203.0.113.77",
      Buffer.from(secret).toString("base64").slice(0, 20),
    ]) {
      expect(written).not.toContain(part);
    }
    // What is scrubbed of a call is scrubbed before it is compared.
    const { fal } = await play();
    await fal.run("test/leaks", { input: personal });
  });

  test("is read in a diff: one file an endpoint, each file's bytes once", async () => {
    const emulator = await start();
    await record(emulator, async (fal) => {
      await fal.run("fal-ai/flux/schnell", { input: cat });
      await fal.subscribe("fal-ai/flux/schnell", { input: cat, pollInterval: 20 });
    });
    const names = (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map(({ name }) => name)
      .toSorted();
    expect(names.filter((name) => name === "fal-ai+flux+schnell.json")).toHaveLength(2);
    expect(names.filter((name) => /^[\da-f]{64}\.\w+$/.test(name))).toHaveLength(1);
    expect(names).toHaveLength(3);
    const kept = JSON.parse(
      await readFile(join(folder, "queue.fal.run/fal-ai+flux+schnell.json"), "utf8"),
    );
    expect(kept.jobs[0]).toMatchObject({
      input: cat,
      states: expect.any(Array),
      result: { status: 200 },
    });
  });

  test("a second run adds to the first", async () => {
    const emulator = await start();
    await record(
      emulator,
      async (fal) => void (await fal.run("fal-ai/echo", { input: { text: "one" } })),
    );
    await record(
      emulator,
      async (fal) => void (await fal.run("fal-ai/echo", { input: { text: "two" } })),
    );
    const { fal } = await play();
    for (const text of ["one", "two"]) await fal.run("fal-ai/echo", { input: { text } });
  });
});

describe("trouble is said in words", () => {
  const command = (...args: string[]): Promise<{ stderr: string; code?: number }> =>
    promisify(execFile)(process.execPath, [join(import.meta.dirname, "../dist/cli.js"), ...args], {
      env: { PATH: process.env["PATH"] },
    }).catch((error: { stderr: string; code: number }) => error);

  test("a folder without cassettes, and a damaged one", async () => {
    await expect(play()).rejects.toThrow("there are no cassettes in");
    await writeFile(join(folder, "x.json"), "{");
    await expect(play()).rejects.toThrow(/the cassette ".*x\.json" is damaged/);
    expect(await command("--replay", folder)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^fal-emulator: the cassette/),
    });
  });

  test("a recorder without a key, and one that would send it elsewhere", async () => {
    expect(await command("--record", folder)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("FAL_KEY"),
    });
    await expect(
      createRecorder({ folder, key: "a:b", upstream: "http://evil.example:80" }),
    ).rejects.toThrow("receives the key");
    await expect(createRecorder({ folder, key: "a" })).rejects.toThrow("<id>:<secret>");
  });
});
