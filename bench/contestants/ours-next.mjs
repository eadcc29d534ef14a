// This library in Next's App Router, mounted as its README says: `next/app/api/fal/proxy`.
import { startNextApp } from "../next-app.mjs";

await startNextApp();
