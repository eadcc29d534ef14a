import { index, route, type RouteConfig } from "@react-router/dev/routes";

export default [
  index("routes/home.tsx"),
  route("api/fal/proxy", "routes/api.fal.proxy.ts"),
  route("api/fal/conformance/*", "routes/api.fal.conformance.ts"),
] satisfies RouteConfig;
