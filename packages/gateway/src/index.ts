/** The gateway as a library: start one inside another program or a test. */
export { createGateway, PROXY_PATH, type Gateway, type GatewayOptions } from "./gateway.ts";
