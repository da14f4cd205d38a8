import { type Operation, openApiDocument } from "../http/openapi.ts";

const operations: readonly Operation[] = [
  {
    method: "post",
    path: "/top-ups",
    summary: "Adds money to accounts, all or none; a customer's first top-up opens the account in this currency.",
    key: "required",
    body: "TopUpRequest",
    answer: { status: 204, description: "Added, by this request or by an earlier one with its key" },
    problems: [400, 413, 415, 422],
  },
];

/** What payment's HTTP is, for people and tools; `openapi.json` beside it is this document. */
export function paymentOpenApi(): object {
  return openApiDocument("orderwright payment", "Keeps customers' accounts.", operations);
}
