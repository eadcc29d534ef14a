/** Google Cloud Functions and Cloud Run functions: a body arrives read, its bytes beside it. */
import { createRequire } from "node:module";
import { createHandler } from "@fal-ai/server-proxy/express";
import { config, port } from "./profiles.mjs";

const require = createRequire(
  new URL("../../../../tools/serverless/package.json", import.meta.url),
);
/** @type {string} */
const name = "@google-cloud/functions-framework";
const { http } = require(name);
const { getTestServer } = require(`${name}/testing`);

http("proxy", createHandler(config));
getTestServer("proxy").listen(port, "127.0.0.1");
