/** What is kept of calls, in a folder: readable JSON, one file an endpoint, and files by their hash. */
import { createHash, randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { pipeline } from "node:stream/promises";

/** A reply without what belongs to one connection or one person. */
export interface KeptReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The body, where it is JSON. */
  readonly json?: unknown;
  /** The body of an event stream, event by event. */
  readonly events?: readonly string[];
  /** Any other body: the name of its file in `bodies`. */
  readonly file?: string;
}

/** A call that is answered on its connection. */
export interface KeptCall {
  readonly method: string;
  /** The query, sorted; empty for none. */
  readonly query: string;
  readonly input: unknown;
  readonly reply: KeptReply;
}

/** A call that went through the queue. */
export interface KeptJob {
  readonly query: string;
  readonly input: unknown;
  readonly requestId: string;
  readonly submitted: KeptReply;
  /** Each state once, in order. */
  readonly states: unknown[];
  result?: KeptReply;
  cancelled?: KeptReply;
}

/** The calls of one endpoint, in the order in which they were made. */
export interface Endpoint {
  readonly calls: KeptCall[];
  readonly jobs: KeptJob[];
}

/** A folder of cassettes, read whole, written one file at a time. */
export class Cassettes {
  readonly #folder: string;
  readonly #endpoints: Map<string, Endpoint>;
  #writing: Promise<void> = Promise.resolve();

  private constructor(folder: string, endpoints: Map<string, Endpoint>) {
    this.#folder = folder;
    this.#endpoints = endpoints;
  }

  /**
   * @throws Error that names the file which is damaged; also, unless `isNew`, for a folder without any
   */
  static async open(folder: string, isNew: boolean): Promise<Cassettes> {
    const endpoints = new Map<string, Endpoint>();
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name);
      const isBody = /^[\da-f]{64}(\.\w+)?$/.test(entry.name);
      const isCassette = !isBody && entry.name.endsWith(".json");
      if (!entry.isFile() || !isCassette) continue;
      endpoints.set(nameOf(relative(folder, path)), await read(path));
    }
    if (endpoints.size === 0 && !isNew) {
      throw new Error(`there are no cassettes in "${folder}": record some with --record ${folder}`);
    }
    return new Cassettes(folder, endpoints);
  }

  /** @param name `<host>/<endpoint>` */
  endpoint(name: string): Endpoint {
    let endpoint = this.#endpoints.get(name);
    if (!endpoint) this.#endpoints.set(name, (endpoint = { calls: [], jobs: [] }));
    return endpoint;
  }

  /** The names of all endpoints. */
  names(): string[] {
    return [...this.#endpoints.keys()].toSorted();
  }

  /** Writes one endpoint, whole and at once: whoever is killed meanwhile leaves the file of before. */
  save(name: string, scrub: (text: string) => string): void {
    const path = join(this.#folder, ...name.split("/").slice(0, 1), `${fileOf(name)}.json`);
    this.#writing = this.#writing.then(async () => {
      const text = scrub(`${JSON.stringify(this.endpoint(name), null, 2)}\n`);
      await mkdir(dirname(path), { recursive: true });
      const draft = `${path}.${randomUUID()}.draft`;
      await writeFile(draft, text);
      await rename(draft, path);
    });
  }

  /** Keeps a file. @returns its name: the SHA-256 of its bytes and an ending */
  async keep(chunks: AsyncIterable<Uint8Array>, ending: string): Promise<string> {
    const folder = join(this.#folder, "bodies");
    await mkdir(folder, { recursive: true });
    const draft = join(folder, `${randomUUID()}.draft`);
    const hash = createHash("sha256");
    const hashed = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of chunks) {
        hash.update(chunk);
        yield chunk;
      }
    };
    try {
      await pipeline(hashed, createWriteStream(draft));
      const name = hash.digest("hex") + ending;
      await rename(draft, join(folder, name));
      return name;
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  }

  /** @throws Error when the file is not there */
  async bytes(name: string): Promise<Uint8Array> {
    return readFile(join(this.#folder, "bodies", name)).catch(() => {
      throw new Error(`"${name}" is missing in the folder bodies of the cassettes`);
    });
  }

  /** Resolves when everything is on disk. */
  flush(): Promise<void> {
    return this.#writing;
  }
}

// An endpoint's slashes become plus signs, which no id has.
const fileOf = (name: string): string => name.split("/").slice(1).join("+") || "index";
const nameOf = (path: string): string =>
  path
    .replace(/\.json$/, "")
    .split(sep)
    .join("/")
    .replaceAll("+", "/");

async function read(path: string): Promise<Endpoint> {
  try {
    const { calls, jobs } = JSON.parse(await readFile(path, "utf8")) as Endpoint;
    if (Array.isArray(calls) && Array.isArray(jobs)) return { calls, jobs };
  } catch {
    // Said below.
  }
  throw new Error(`the cassette "${path}" is damaged: delete it and record again`);
}
