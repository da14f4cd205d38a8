import * as z from "zod";
import { customerId, orderId, reason, idempotencyKey } from "#contracts/fields.ts";
import { orderStatus } from "#contracts/http.ts";
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
    summary:
      "Orders that fit all that is asked for, newest first. A page may be short, or empty, and yet have a next one.",
    parameters: [
      { name: "customer", in: "query", description: "Whose orders", schema: customerId.optional() },
      { name: "key", in: "query", description: "Idempotency-Key of the request", schema: idempotencyKey.optional() },
      { name: "status", in: "query", description: "Where they stand", schema: z.enum(orderStatus.options).optional() },
      { name: "reason", in: "query", description: "Why they ended as they did", schema: reason.optional() },
      { name: "cursor", in: "query", description: "`next` of the page before", schema: orderId.optional() },
      { name: "limit", in: "query", description: "Orders on a page", schema: z.int().min(1).max(200).optional() },
    ],
    answer: { status: 200, description: "A page of orders", schema: "OrderPage" },
    problems: [400],
  },
  {
    method: "get",
    path: "/orders/{id}/goods",
    summary: "What became of an order's goods, asked of stock: 503 where stock is away, or STOCK_URL was not given.",
    parameters: [{ name: "id", in: "path", description: "The order", schema: orderId }],
    answer: { status: 200, description: "As stock's own row has it", schema: "OrderGoods" },
    problems: [404],
  },
  {
    method: "get",
    path: "/orders/{id}/events",
    summary:
      "An order, live: server-sent events `order`, each with the order as it is then. Last-Event-ID goes on from there.",
    parameters: [{ name: "id", in: "path", description: "The order", schema: orderId }],
    answer: { status: 200, description: "text/event-stream, without an end" },
    problems: [404],
  },
  {
    method: "get",
    path: "/events",
    summary:
      "The shop, live: server-sent events `seconds` and `now`, as contracts/live.ts says. Last-Event-ID goes on from there.",
    answer: { status: 200, description: "text/event-stream, without an end" },
    problems: [],
  },
];

/** What intake's HTTP is, for people and tools; `openapi.json` beside it is this document. */
export function intakeOpenApi(): object {
  return openApiDocument("orderwright intake", "Takes orders, and says what became of them.", operations);
}
