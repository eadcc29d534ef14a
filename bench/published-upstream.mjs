// The published package knows no other upstream than fal: its `fetch` is pointed at $FAL_PROXY_UPSTREAM from outside.
import { createRequire } from "node:module";

const upstream = process.env.FAL_PROXY_UPSTREAM;
const original = globalThis.fetch;

globalThis.fetch = (url, options) => original(url.replace("https:/", upstream), options);

/** Loads from the packages that stand beside the published one. */
export const require = createRequire(
  new URL("../examples/published/package.json", import.meta.url),
);
