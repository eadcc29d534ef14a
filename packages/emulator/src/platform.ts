/** `api.fal.ai/v1`: what the models cost, and the little of the Platform API that needs no account behind it. */
import { randomUUID } from "node:crypto";
import { type Answer, json } from "./answer.ts";
import { type Billing, billingEvents, usage } from "./billing.ts";
import type { ModelTable } from "./endpoint.ts";
import { type Exchange, readObject } from "./exchange.ts";
import { openApiOf } from "./openapi.ts";
import { listed, paged } from "./paging.ts";

type ErrorType = "validation_error" | "not_found" | "authorization_error";

/** What the Platform API tells about. */
export interface PlatformParts {
  readonly table: ModelTable;
  readonly billing: Billing;
  /** Whether the caller's key has the scope ADMIN. */
  readonly isAdmin: boolean;
}

/** Every answer of the Platform API; the caller has a key, except for the list of models. */
export async function platform(exchange: Exchange, parts: PlatformParts): Promise<Answer> {
  const path = exchange.segments.join("/");
  const { method } = exchange;
  const { table, billing, isAdmin } = parts;
  if (method === "GET" && path === "v1/models") return listModels(exchange, table);
  if (method === "GET" && path === "v1/models/pricing") return listPrices(exchange, table);
  if (method === "POST" && path === "v1/models/pricing/estimate") return estimate(exchange, table);
  const bills = { "v1/models/billing-events": billingEvents, "v1/models/usage": usage }[path];
  if (method === "GET" && bills) {
    return isAdmin
      ? bills(exchange, billing)
      : refuse(403, "authorization_error", "This endpoint requires an API key with ADMIN scope");
  }
  return refuse(404, "not_found", `No such endpoint: ${method} /${path}`);
}

/** One unknown id is a 404; among several, ids without a price are left out. */
function listPrices(exchange: Exchange, table: ModelTable): Answer {
  const ids = listed(exchange, "endpoint_id");
  if (ids.length < 1 || ids.length > 50) {
    return refuse(400, "validation_error", "endpoint_id takes 1 to 50 endpoint ids");
  }
  const prices = ids.flatMap((id) => {
    const price = table.find(id)?.price;
    const { unitPrice, unit } = price ?? {};
    return price ? [{ endpoint_id: id, unit_price: unitPrice, unit, currency: "USD" }] : [];
  });
  if (ids.length === 1 && prices.length === 0) {
    return refuse(404, "not_found", `No pricing found for endpoint ${ids[0]}`);
  }
  return json(200, { prices, next_cursor: null, has_more: false });
}

/** A total by number of units. The history behind estimates by calls is assumed as one unit a call. */
async function estimate(exchange: Exchange, table: ModelTable): Promise<Answer> {
  const { estimate_type: type, endpoints } = await readObject(exchange);
  const field = { unit_price: "unit_quantity", historical_api_price: "call_quantity" }[
    String(type)
  ];
  if (field === undefined || typeof endpoints !== "object" || endpoints === null) {
    return refuse(400, "validation_error", "estimate_type and endpoints are required");
  }
  let total = 0;
  for (const [id, quantities] of Object.entries(endpoints)) {
    const price = table.find(id)?.price;
    if (!price) return refuse(404, "not_found", `No pricing found for endpoint ${id}`);
    const quantity = (quantities as Record<string, unknown> | null)?.[field];
    if (typeof quantity !== "number" || quantity < 0) {
      return refuse(400, "validation_error", `endpoints["${id}"].${field} must be a number`);
    }
    total += price.unitPrice * quantity;
  }
  // Binary fractions: 0.1 + 0.2 dollars are 0.3.
  return json(200, { estimate_type: type, total_cost: Number(total.toFixed(9)), currency: "USD" });
}

/** By id, or by `q` (words in id and title), `category` and `status`; page by page. `expand` adds the schemas. */
function listModels(exchange: Exchange, table: ModelTable): Answer {
  const { query } = exchange;
  const ids = listed(exchange, "endpoint_id");
  if (ids.length > 50) {
    return refuse(400, "validation_error", "endpoint_id takes 1 to 50 endpoint ids");
  }
  const words = (query.get("q") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const category = query.get("category");
  // Every model here is active.
  const status = query.get("status") ?? "active";
  const found = table.models.filter(
    ({ id, title = "", category: own = "other" }) =>
      (ids.length === 0 || ids.includes(id)) &&
      words.every((word) => `${id} ${title}`.toLowerCase().includes(word)) &&
      (category === null || category === own) &&
      status === "active",
  );
  const { page, ...rest } = paged(exchange, found);
  const withSchemas = listed(exchange, "expand").includes("openapi-3.0");
  const models = page.map((model) => ({
    endpoint_id: model.id,
    metadata: {
      display_name: model.title ?? model.id,
      category: model.category ?? "other",
      description: "",
      status: "active",
      tags: [],
      model_url: `https://fal.run/${model.id}`,
      license_type: "commercial",
      kind: "inference",
    },
    ...(withSchemas && { openapi: openApiOf(model) }),
  }));
  return json(200, { models, ...rest });
}

function refuse(status: number, type: ErrorType, message: string): Answer {
  return json(status, { error: { type, message, request_id: randomUUID() } });
}
