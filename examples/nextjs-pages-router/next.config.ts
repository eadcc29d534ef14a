import { falProxyRewrites } from "@fal-ai/server-proxy/nextjs";
import type { NextConfig } from "next";

const config: NextConfig = {
  // `[...path].ts` does not answer its bare folder, which is what the fal client calls.
  rewrites: falProxyRewrites,
  // Only because this app lies inside another repository with a lock file of its own.
  turbopack: { root: import.meta.dirname },
};

export default config;
