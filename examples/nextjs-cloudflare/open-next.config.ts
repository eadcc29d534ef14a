import { defineCloudflareConfig } from "@opennextjs/cloudflare";

// Without it OpenNext runs `npm run build`, which runs OpenNext.
export default { ...defineCloudflareConfig(), buildCommand: "npx next build" };
