/** An app in CommonJS. */
const exercise = require("./exercise.cjs");

exercise({
  root: require("@fal-ai/server-proxy"),
  nextjs: require("@fal-ai/server-proxy/nextjs"),
  express: require("@fal-ai/server-proxy/express"),
  hono: require("@fal-ai/server-proxy/hono"),
  remix: require("@fal-ai/server-proxy/remix"),
  svelte: require("@fal-ai/server-proxy/svelte"),
}).then((report) => console.log(JSON.stringify(report)));
