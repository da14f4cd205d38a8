import * as z from "zod";
import { customerId, orderId } from "#contracts/fields.ts";
import { type Operation, openApiDocument } from "../http/openapi.ts";

const operations: readonly Operation[] = [
  {
    method: "post",
    path: "/orders",
    summary: "Places an order. It is durable when it is answered, and then it ends, whatever fails meanwhile.",
    key: "optional",
    body: "OrderRequest",
    answer: { status: 202, description: "Accepted; Location says where to look", schema: "Order" },
    problems: [400, 413, 415, 422, 429],
  },
  {
    method: "get",
    path: "/orders/{id}",
    summary: "An order as far as intake has seen.",
    parameters: [
      { name: "id", in: "path", description: "The order", schema: orderId },
      {
        name: "wait",
        in: "query",
        description: "Waits so long for the order's end, such as 5s or 500ms; 30 s at most",
        schema: z
          .string()
          .regex(/^\d{1,6}(ms|s)$/)
          .optional(),
      },
    ],
    answer: { status: 200, description: "The order", schema: "Order" },
    problems: [400, 404],
  },
  {
    method: "post",
    path: "/orders/{id}/cancel",
    summary:
      "The customer cancels an order, at any moment before the cancel window closes; asked again it is one request.",
    parameters: [{ name: "id", in: "path", description: "The order", schema: orderId }],
    answer: {
      status: 202,
      description: "Durable: the order ends rejected or cancelled, a charge goes back. Location says where to look",
      schema: "Cancellation",
    },
    orElse: { status: 200, description: "The order had ended rejected or cancelled", schema: "Cancellation" },
    problems: [404, 409],
  },
  {
    method: "get",
    path: "/orders",
    summary: "Orders of a customer, newest first.",
    parameters: [
      { name: "customer", in: "query", description: "Whose orders", schema: customerId },
      { name: "cursor", in: "query", description: "`next` of the page before", schema: orderId.optional() },
      { name: "limit", in: "query", description: "Orders on a page", schema: z.int().min(1).max(200).optional() },
    ],
    answer: { status: 200, description: "A page of orders", schema: "OrderPage" },
    problems: [400],
  },
];

/** What intake's HTTP is, for people and tools; `openapi.json` beside it is this document. */
export function intakeOpenApi(): object {
  return openApiDocument("orderwright intake", "Takes orders, and says what became of them.", operations);
}
