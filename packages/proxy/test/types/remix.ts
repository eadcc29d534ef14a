/** Remix 2 and React Router 7. */
import { createProxy, type FalRemixProxy } from "@fal-ai/server-proxy/remix";
import { json, type ActionFunction, type LoaderFunction } from "@remix-run/node";
import type * as router from "react-router";

const remix: FalRemixProxy = createProxy({ json, resolveApiKey: async () => "id:secret" });
export const action: ActionFunction = remix.action;
export const loader: LoaderFunction = remix.loader;

const { action: routerAction, loader: routerLoader } = createProxy();
export const ofRouter: { action: router.ActionFunction; loader: router.LoaderFunction } = {
  action: routerAction,
  loader: routerLoader,
};
