/** An app in ECMAScript modules. */
import * as root from "@fal-ai/server-proxy";
import * as express from "@fal-ai/server-proxy/express";
import * as hono from "@fal-ai/server-proxy/hono";
import * as nextjs from "@fal-ai/server-proxy/nextjs";
import * as remix from "@fal-ai/server-proxy/remix";
import * as svelte from "@fal-ai/server-proxy/svelte";
import exercise from "./exercise.cjs";

console.log(JSON.stringify(await exercise({ root, nextjs, express, hono, remix, svelte })));
