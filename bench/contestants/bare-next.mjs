// Next's App Router alone: a route that asks nobody, `next/app/api/bare`. What a relay on Next can never go below.
import { startNextApp } from "../next-app.mjs";

await startNextApp();
