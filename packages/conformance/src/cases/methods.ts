/** Rules P-02 to P-05: which methods are relayed, and that no other one ever reaches fal. */
import type { Case } from "../case.ts";
import { headerList, inTopic, relayed, unsent } from "../wants.ts";

const notAllowed = (status: number): boolean => (status >= 400 && status < 500) || status === 501;

export const methodCases: Case[] = inTopic("methods", [
  ...(["GET", "POST", "PUT"] as const).map(
    (method) =>
      ({
        id: `methods-${method.toLowerCase()}`,
        title: `${method} is relayed as ${method}`,
        rule: "P-02",
        level: "MUST" as const,
        hint: `Register the route for ${method} and send the method on as it came.`,
        run: async (rig) => {
          const target = "https://queue.fal.run/conformance/{m}/requests/r1/x";
          const exchange = await rig.call({ method, target, body: method === "GET" ? null : "{}" });
          exchange.want(relayed(exchange).method === method, `fal receives ${method}`);
        },
      }) satisfies Omit<Case, "topic">,
  ),
  {
    id: "methods-delete",
    title: "DELETE is relayed as DELETE",
    rule: "P-03",
    level: "SHOULD",
    hint: "fal's page names DELETE among the methods of a proxy.",
    run: async (rig) => {
      const exchange = await rig.call({ method: "DELETE" });
      exchange.want(relayed(exchange).method === "DELETE", "fal receives DELETE");
    },
  },
  ...(["HEAD", "TRACE"] as const).map(
    (method) =>
      ({
        id: `methods-${method.toLowerCase()}`,
        title: `${method} is answered 405 and does not reach fal`,
        rule: "P-04",
        level: "MUST" as const,
        faults: ["R28"],
        alone: true,
        hint: `Answer 405 for ${method} before anything else; frameworks often route it to the GET handler.`,
        run: async (rig) => {
          const exchange = await rig.call({ method, patienceMs: 2000 });
          await unsent(exchange, `${method} is not relayed`);
          const { status } = exchange.reply;
          exchange.want(
            notAllowed(status),
            `the caller is told 405, or another 4xx or 501 by the server`,
          );
          const after = await rig.call();
          after.want(after.reply.status === 200, `the proxy still answers after ${method}`);
        },
      }) satisfies Omit<Case, "topic">,
  ),
  {
    id: "methods-options",
    title: "OPTIONS does not reach fal and ends nothing",
    rule: "P-04",
    level: "MUST",
    faults: ["R28"],
    alone: true,
    hint: "Answer a preflight, or 405; OPTIONS is never relayed.",
    run: async (rig) => {
      const exchange = await rig.call({ method: "OPTIONS", patienceMs: 2000 });
      await unsent(exchange, "OPTIONS is not relayed");
      const { status } = exchange.reply;
      const told = notAllowed(status) || (status >= 200 && status < 300);
      exchange.want(told, "the caller gets an answer: 405, or 2xx for a preflight");
      const after = await rig.call();
      after.want(after.reply.status === 200, "the proxy still answers after OPTIONS");
    },
  },
  {
    id: "methods-others",
    title: "PATCH and other methods do not reach fal",
    rule: "P-04",
    level: "MUST",
    alone: true,
    hint: "Relay the methods of P-02 (and DELETE) by name; everything else is 405.",
    run: async (rig) => {
      for (const method of ["PATCH", "PROPFIND", "LINK", "CONNECT"]) {
        const exchange = await rig.call({ method, body: null, patienceMs: 1500 });
        await unsent(exchange, `${method} is not relayed`);
      }
      const after = await rig.call();
      after.want(after.reply.status === 200, "the proxy still answers afterwards");
    },
  },
  {
    id: "methods-allow",
    title: "405 names the methods that are allowed",
    rule: "P-05",
    level: "SHOULD",
    hint: "Send `allow: GET, POST, PUT` with the 405.",
    run: async (rig) => {
      const exchange = await rig.call({ method: "PATCH", body: "{}" });
      exchange.want(exchange.reply.status === 405, "the caller is told 405");
      const allow = headerList(exchange.reply, "allow");
      exchange.want(
        ["get", "post", "put"].every((method) => allow.includes(method)),
        "the 405 carries allow with GET, POST and PUT",
      );
    },
  },
]);
