import { orderId } from "#contracts/fields.ts";
import { type Operation, openApiDocument } from "../http/openapi.ts";

const operations: readonly Operation[] = [
  {
    method: "put",
    path: "/prices",
    summary: "Sets prices; a product that stock does not know becomes known, with nothing on the shelf.",
    key: "required",
    body: "PriceRequest",
    answer: { status: 204, description: "Set" },
    problems: [400, 413, 415, 422],
  },
  {
    method: "post",
    path: "/restocks",
    summary: "Adds pieces of known products to the shelf: all or none.",
    key: "required",
    body: "RestockRequest",
    answer: { status: 204, description: "Added, by this request or by an earlier one with its key" },
    problems: [400, 413, 415, 422],
  },
  {
    method: "get",
    path: "/orders/{id}",
    summary: "What became of an order's goods.",
    parameters: [{ name: "id", in: "path", description: "The order", schema: orderId }],
    answer: { status: 200, description: "As stock's own row has it", schema: "OrderGoods" },
    problems: [404],
  },
];

/** What stock's HTTP is, for people and tools; `openapi.json` beside it is this document. */
export function stockOpenApi(): object {
  return openApiDocument("orderwright stock", "Keeps goods and prices.", operations);
}
