import type { NextConfig } from "next";

const config: NextConfig = {
  // Only because this app lies inside another repository with a lock file of its own.
  turbopack: { root: import.meta.dirname },
};

export default config;
