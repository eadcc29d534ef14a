/** Builds the playground into the package, ready to be served as plain files. */
import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../dist/playground",
    emptyOutDir: true,
    target: "es2022",
    // The page's policy allows no inline script, and a data: URI would not be cached.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // `npx vite packages/gateway/ui` beside a running gateway: the page reloads, the proxy stays the real one.
  server: {
    proxy: Object.fromEntries(
      ["/api/fal/proxy", "/playground.json"].map((path) => [path, "http://127.0.0.1:3250"]),
    ),
  },
});
