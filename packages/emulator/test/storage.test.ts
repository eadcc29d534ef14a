// Uploads and files as a browser, the JavaScript client and the Python client use them.
import { request } from "node:https";
import { describe, expect, test } from "vitest";
import type { Emulator } from "../src/index.ts";
import { call, post, start, until } from "./fixture.ts";

interface Initiated {
  upload_url: string;
  file_url: string;
}

const initiate = async (
  emulator: Emulator,
  form: "initiate" | "initiate-multipart" = "initiate",
  headers: Record<string, string> = {},
): Promise<Initiated> => {
  const url = `https://rest.fal.ai/storage/upload/${form}?storage_type=fal-cdn-v3`;
  const body = { content_type: "text/plain", file_name: "a b/ü.txt" };
  return (await (await post(emulator, url, body, headers)).json()) as Initiated;
};

test("initiate, PUT without a key, GET", async () => {
  const emulator = await start();
  const { upload_url: upload, file_url: file } = await initiate(emulator);
  expect((await fetch(file)).status).toBe(404);
  const put = await fetch(upload, { method: "PUT", body: "hello" });
  expect(put.status).toBe(200);
  expect(put.headers.get("etag")).toBe('"5d41402abc4b2a76b9719d911017c592"');
  const get = await fetch(file);
  expect(get.headers.get("content-type")).toBe("text/plain");
  expect(await get.text()).toBe("hello");
});

test("an upload URL without its signature, or of nothing, is refused", async () => {
  const emulator = await start();
  const { upload_url: upload, file_url: file } = await initiate(emulator);
  expect((await fetch(file, { method: "PUT", body: "x" })).status).toBe(403);
  const other = upload.replace(/\/files\/b\//, "/files/c/");
  expect((await fetch(other, { method: "PUT", body: "x" })).status).toBe(404);
  expect((await fetch(file)).status).toBe(404);
});

test("parts answer with number and etag, and complete joins them", async () => {
  const emulator = await start();
  const { upload_url: upload, file_url: file } = await initiate(emulator, "initiate-multipart");
  const at = (suffix: string): string => {
    const url = new URL(upload);
    return `${url.origin}${url.pathname}/${suffix}${url.search}`;
  };
  const parts: Array<{ partNumber: number; etag: string }> = [];
  for (const [index, text] of ["one ", "two ", "three"].entries()) {
    // A part sent twice counts once.
    await fetch(at(String(index + 1)), { method: "PUT", body: "lost" });
    const response = await fetch(at(String(index + 1)), { method: "PUT", body: text });
    const part = (await response.json()) as { partNumber: number; etag: string };
    expect(part).toEqual({ partNumber: index + 1, etag: response.headers.get("etag") });
    parts.push(part);
  }
  const complete = (body: object): Promise<Response> =>
    fetch(at("complete"), { method: "POST", body: JSON.stringify(body) });
  expect((await complete({ parts: [{ partNumber: 1, etag: '"wrong"' }] })).status).toBe(400);
  expect((await complete({ parts: [] })).status).toBe(400);
  expect((await complete({ parts })).status).toBe(200);
  expect(await (await fetch(file)).text()).toBe("one two three");

  const range = await fetch(file, { headers: { range: "bytes=2-6" } });
  expect([range.status, range.headers.get("content-range"), await range.text()]).toEqual([
    206,
    "bytes 2-6/13",
    "e two",
  ]);
});

test.each([
  ["bytes=0-0", 206, "h"],
  ["bytes=3-", 206, "lo"],
  ["bytes=-2", 206, "lo"],
  ["bytes=1-999", 206, "ello"],
  ["bytes=9-", 416, ""],
  ["bytes=0-1,3-4", 200, "hello"],
  ["lines=1-2", 200, "hello"],
])("range %s", async (range, status, text) => {
  const emulator = await start();
  const { upload_url: upload, file_url: file } = await initiate(emulator);
  await fetch(upload, { method: "PUT", body: "hello" });
  const response = await fetch(file, { headers: { range } });
  expect([response.status, await response.text()]).toEqual([status, text]);
});

test("HEAD and If-None-Match answer without a body", async () => {
  const emulator = await start();
  const { upload_url: upload, file_url: file } = await initiate(emulator);
  await fetch(upload, { method: "PUT", body: "hello" });
  const head = await fetch(file, { method: "HEAD" });
  expect([head.headers.get("content-length"), await head.text()]).toEqual(["5", ""]);
  const etag = head.headers.get("etag")!;
  expect((await fetch(file, { headers: { "if-none-match": etag } })).status).toBe(304);
});

test("an empty file is a file", async () => {
  const emulator = await start();
  const { upload_url: upload, file_url: file } = await initiate(emulator);
  await fetch(upload, { method: "PUT", body: "" });
  const response = await fetch(file);
  expect([response.status, await response.text()]).toEqual([200, ""]);
});

test("a browser of any origin may upload and read", async () => {
  const emulator = await start();
  const { upload_url: upload, file_url: file } = await initiate(emulator);
  const preflight = await fetch(upload, {
    method: "OPTIONS",
    headers: {
      origin: "https://app.example",
      "access-control-request-method": "PUT",
      "access-control-request-headers": "content-type",
    },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("access-control-allow-methods")).toContain("PUT");
  expect(preflight.headers.get("access-control-allow-headers")).toBe("content-type");
  await fetch(upload, { method: "PUT", body: "x" });
  expect((await fetch(file)).headers.get("access-control-allow-origin")).toBe("*");
});

test("the uploader's lifetime and access are kept to", async () => {
  const emulator = await start();
  const upload = async (lifecycle: object): Promise<string> => {
    const headers = { "x-fal-object-lifecycle": JSON.stringify(lifecycle) };
    const urls = await initiate(emulator, "initiate", headers);
    await fetch(urls.upload_url, { method: "PUT", body: "x" });
    return urls.file_url;
  };
  const short = await upload({ expiration_duration_seconds: 1.5 });
  const forbidden = await upload({ initial_acl: { default: "forbid" } });
  const hidden = await upload({ initial_acl: { default: "hide" } });
  expect((await fetch(short)).status).toBe(200);
  expect((await fetch(forbidden)).status).toBe(403);
  expect((await fetch(hidden)).status).toBe(404);
  expect((await call(emulator, forbidden)).status).toBe(200);
  await until(async () => (await fetch(short)).status === 404);
});

test("the CDN token form of the Python client, whole and in parts", async () => {
  const emulator = await start();
  const url = "https://rest.fal.ai/storage/auth/token?storage_type=fal-cdn-v3";
  const cdn = (await (await post(emulator, url)).json()) as Record<string, string>;
  expect(Date.parse(cdn["expires_at"]!)).toBeGreaterThan(Date.parse(cdn["created_at"]!));
  const headers = {
    authorization: `${cdn["token_type"]} ${cdn["token"]}`,
    "content-type": "image/png",
    "x-fal-file-name": "p.png",
  };
  const upload = `${cdn["base_url"]}/files/upload`;
  expect((await fetch(upload, { method: "POST", body: "x" })).status).toBe(401);
  const whole = await fetch(upload, { method: "POST", headers, body: "whole" });
  const { access_url: file } = (await whole.json()) as { access_url: string };
  expect(file).toMatch(/_p\.png$/);
  expect(await (await fetch(file)).text()).toBe("whole");

  const started = await fetch(`${upload}/multipart`, { method: "POST", headers });
  const { access_url: access, uploadId } = (await started.json()) as Record<string, string>;
  const parts = await Promise.all(
    [1, 2].map(async (number) => {
      const part = `${access}/multipart/${uploadId}/${number}`;
      const response = await fetch(part, { method: "PUT", headers, body: `part ${number};` });
      return { partNumber: number, etag: response.headers.get("etag") };
    }),
  );
  const complete = `${access}/multipart/${uploadId}/complete`;
  await fetch(complete, { method: "POST", headers, body: JSON.stringify({ parts }) });
  const response = await fetch(access!);
  expect(await response.text()).toBe("part 1;part 2;");
  expect(response.headers.get("content-type")).toBe("image/png");
});

test("what a model stores can be read from its URL, by any of the CDN's names", async () => {
  const emulator = await start({ publicUrl: "http://media.example" });
  const output = await (await post(emulator, "https://fal.run/test/picture")).json();
  const { url } = (output as { image: { url: string } }).image;
  expect(url).toMatch(/^http:\/\/media\.example\/v3\.fal\.media\/files\/b\/.+_p\.png$/);
  for (const host of ["v3.fal.media", "v3b.fal.media", "fal.media"]) {
    const path = new URL(url).pathname.replace("v3.fal.media", host);
    const response = await fetch(emulator.url + path);
    expect(response.headers.get("content-type")).toBe("image/png");
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([9, 8, 7]);
  }
});

test("the caller of a model may limit the life of its output", async () => {
  const emulator = await start();
  const wish = { expiration_duration_seconds: 1.5 };
  const headers = { "x-fal-object-lifecycle-preference": JSON.stringify(wish) };
  const answer = await post(emulator, "https://fal.run/test/picture", {}, headers);
  const { image } = (await answer.json()) as { image: { url: string } };
  expect((await fetch(image.url)).status).toBe(200);
  await until(async () => (await fetch(image.url)).status === 404);
});

test("initiate asks for both fields", async () => {
  const emulator = await start();
  const response = await post(emulator, "https://rest.fal.ai/storage/upload/initiate", {
    file_name: "x",
  });
  expect([response.status, await response.json()]).toMatchObject([
    422,
    { detail: [{ loc: ["body", "content_type"], type: "missing" }] },
  ]);
});

describe("F1: parts of an upload", () => {
  async function upload(emulator: Emulator, texts: readonly string[]) {
    const { upload_url: target, file_url: file } = await initiate(emulator, "initiate-multipart");
    const { origin, pathname, search } = new URL(target);
    const at = (suffix: string | number): string => `${origin}${pathname}/${suffix}${search}`;
    const parts = await Promise.all(
      texts.map(async (body, index) => {
        const response = await fetch(at(index + 1), { method: "PUT", body });
        return (await response.json()) as { partNumber: number; etag: string };
      }),
    );
    const complete = async (named: readonly object[]): Promise<[number, string]> => {
      const body = JSON.stringify({ parts: named });
      const response = await fetch(at("complete"), { method: "POST", body });
      return [response.status, await response.text()];
    };
    return { file, parts, complete, at };
  }
  const texts = Array.from({ length: 12 }, (_, index) => `part ${index + 1};`);

  test.each([
    ["reversed", (parts: readonly object[]) => parts.toReversed()],
    [
      "sorted as texts",
      (parts: readonly object[]) => [0, 9, 10, 11, 1, 2, 3, 4, 5, 6, 7, 8].map((at) => parts[at]!),
    ],
  ])("are joined by number, however they are listed: %s", async (_order, ordered) => {
    const { file, parts, complete } = await upload(await start(), texts);
    expect((await complete(ordered(parts)))[0]).toBe(200);
    expect(await (await fetch(file)).text()).toBe(texts.join(""));
  });

  test("are refused when one is missing, named twice, unknown or another one", async () => {
    const { file, parts, complete } = await upload(await start(), texts.slice(0, 3));
    const [one, two, three] = parts as [object, object, object];
    expect(await complete([one, three])).toMatchObject([
      400,
      expect.stringContaining("Part 2 is missing"),
    ]);
    expect(await complete([one, two, two, three])).toMatchObject([
      400,
      expect.stringContaining("Part 2 is named twice"),
    ]);
    expect((await complete([one, two, three, { partNumber: 4, etag: "x" }]))[0]).toBe(400);
    expect((await complete([one, { ...two, etag: '"x"' }, three]))[0]).toBe(400);
    expect((await complete([one, null as never, three]))[0]).toBe(400);
    // Nothing was lost by it.
    expect((await fetch(file)).status).toBe(404);
    expect((await complete([three, one, two]))[0]).toBe(200);
    expect(await (await fetch(file)).text()).toBe("part 1;part 2;part 3;");
  });

  test("have numbers from 1 to 10,000", async () => {
    const { at } = await upload(await start(), ["x"]);
    for (const number of [0, 10_001, 999_999_999]) {
      expect((await fetch(at(number), { method: "PUT", body: "x" })).status).toBe(400);
    }
  });

  test("250 MB in parts that Python's client would list as they came", async () => {
    const emulator = await start({ record: false });
    const token = "https://rest.fal.ai/storage/auth/token?storage_type=fal-cdn-v3";
    const cdn = (await (await post(emulator, token)).json()) as Record<string, string>;
    const headers = {
      authorization: `${cdn["token_type"]} ${cdn["token"]}`,
      "content-type": "video/mp4",
      "x-fal-file-name": "clip.mp4",
    };
    const begun = await fetch(`${cdn["base_url"]}/files/upload/multipart`, {
      method: "POST",
      headers,
    });
    const { access_url: access, uploadId } = (await begun.json()) as Record<string, string>;
    const parts: object[] = [];
    const send = async (number: number): Promise<void> => {
      const url = `${access}/multipart/${uploadId}/${number}`;
      const body = Buffer.alloc(10 * 1024 * 1024, number);
      const response = await fetch(url, { method: "PUT", headers, body });
      parts.push({ partNumber: number, etag: response.headers.get("etag") });
    };
    // Ten at a time, and listed as they end.
    const numbers = Array.from({ length: 25 }, (_, index) => 25 - index);
    await Promise.all(
      Array.from({ length: 5 }, async () => {
        for (let number = numbers.pop(); number !== undefined; number = numbers.pop())
          await send(number);
      }),
    );
    parts.reverse();
    await fetch(`${access}/multipart/${uploadId}/complete`, {
      method: "POST",
      headers,
      body: JSON.stringify({ parts }),
    });
    const bytes = Buffer.from(await (await fetch(access!)).arrayBuffer());
    expect(bytes.length).toBe(250 * 1024 * 1024);
    for (let at = 0; at < 25; at++) expect(bytes[at * 10 * 1024 * 1024]).toBe(at + 1);
  }, 60_000);
});

describe("F2: file URLs by fal's name", () => {
  const asked = async (emulator: Emulator, url: string): Promise<string> => {
    const { hostname, pathname } = new URL(url);
    const port = new URL(emulator.url).port;
    return new Promise((resolve, reject) => {
      const options = {
        host: "127.0.0.1",
        port,
        path: pathname,
        ca: emulator.certificate,
        servername: hostname,
        headers: { host: hostname },
      };
      request(options, (response) => {
        let text = `${response.statusCode} `;
        response.on("data", (chunk: Buffer) => (text += String(chunk)));
        response.on("end", () => resolve(text));
      })
        .on("error", reject)
        .end();
    });
  };

  test.each([
    ["fileUrls", { fileUrls: "fal" as const }],
    ["publicUrl", { publicUrl: "https://v3.fal.media" }],
  ])("%s: are fal's, and served under it with TLS", async (_option, options) => {
    const emulator = await start({ tls: true, ...options });
    const echo = await new Promise<string>((resolve, reject) => {
      const { port } = new URL(emulator.url);
      const call = request(
        {
          host: "127.0.0.1",
          port,
          method: "POST",
          path: "/test/picture",
          ca: emulator.certificate,
          servername: "fal.run",
          headers: {
            host: "fal.run",
            authorization: `Key ${emulator.key}`,
            "content-type": "application/json",
          },
        },
        (response) => {
          let text = "";
          response.on("data", (chunk: Buffer) => (text += String(chunk)));
          response.on("end", () => resolve(text));
        },
      );
      call.on("error", reject).end("{}");
    });
    const { url } = (JSON.parse(echo) as { image: { url: string } }).image;
    expect(url).toMatch(/^https:\/\/v3\.fal\.media\/files\/b\/.+_p\.png$/);
    expect(await asked(emulator, url)).toBe("200 \t\b\u0007");
  });

  test("another public name serves below the file host's", async () => {
    const emulator = await start({ publicUrl: "http://media.example:8080/" });
    const { file_url: file } = await initiate(emulator);
    expect(file).toMatch(/^http:\/\/media\.example:8080\/v3\.fal\.media\/files\//);
  });

  test.each([
    { publicUrl: "media.example" },
    { publicUrl: "http://a/b" },
    { fileUrls: "other" as "fal" },
  ])("%o is refused", async (options) => {
    await expect(start(options)).rejects.toThrow(/must be/);
  });
});

describe("F7: access and signing", () => {
  test("access is read and set by URL, and a signed URL opens one file for a time", async () => {
    const emulator = await start();
    const { upload_url: target, file_url: file } = await initiate(emulator);
    await fetch(target, { method: "PUT", body: "hello" });
    const acl = `https://rest.fal.ai/storage/files/acl?url=${encodeURIComponent(file)}`;
    expect(await (await call(emulator, acl)).json()).toEqual({ default: "allow", rules: [] });
    const set = await call(emulator, acl, { method: "PUT", body: '{"default":"forbid"}' });
    expect(await set.json()).toEqual({ default: "forbid", rules: [] });
    expect((await call(emulator, acl, { method: "PUT", body: '{"default":"maybe"}' })).status).toBe(
      422,
    );
    expect((await fetch(file)).status).toBe(403);

    const platform = "https://api.fal.ai/v1/storage/files/sign";
    const signed = await (
      await post(emulator, platform, { url: file, expiration_seconds: 60 })
    ).json();
    const { signed_url: url } = signed as { signed_url: string };
    expect(url).toContain("?identity=");
    expect(await (await fetch(url)).text()).toBe("hello");
    const other = url.replace(/identity=.*/, "identity=x");
    expect((await fetch(other)).status).toBe(403);

    const onHost = await post(emulator, `${file}/sign`, { duration: 0.2, scope: ["read"] });
    const brief = await onHost.text();
    expect((await fetch(brief)).status).toBe(200);
    await until(async () => (await fetch(brief)).status === 403);
    expect((await fetch(`${file}/sign`, { method: "POST" })).status).toBe(401);
    expect((await post(emulator, platform, { url: `${file}x` })).status).toBe(404);
  });

  test("the oldest clients upload a form", async () => {
    const emulator = await start();
    const form = new FormData();
    form.set("file_upload", new File(["hello"], "a.txt", { type: "text/plain" }));
    const response = await call(emulator, "https://rest.alpha.fal.ai/storage/upload", {
      method: "POST",
      body: form,
    });
    const { url } = (await response.json()) as { url: string };
    const file = await fetch(url);
    expect([file.headers.get("content-type"), await file.text()]).toEqual(["text/plain", "hello"]);
    expect((await post(emulator, "https://rest.alpha.fal.ai/storage/upload", {})).status).toBe(422);
  });
});
