import * as z from "zod";
import { idempotencyKey } from "#contracts/fields.ts";
import {
  cancellation,
  orderGoods,
  orderPage,
  orderRequest,
  orderStatus,
  orderView,
  priceRequest,
  problem,
  restockRequest,
  timeline,
  topUpRequest,
} from "#contracts/http.ts";

/** One thing that can be asked of a service. */
export interface Operation {
  readonly method: "get" | "post" | "put";
  readonly path: string;
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  /** Idempotency-Key: taken or needed. */
  readonly key?: "optional" | "required";
  readonly body?: SchemaName;
  readonly answer: Answer;
  /** Where it may be answered otherwise, and not as a problem. */
  readonly orElse?: Answer;
  /** Statuses of the problems that it may end with, beside those that each may. */
  readonly problems: readonly number[];
}

interface Answer {
  readonly status: number;
  readonly description: string;
  readonly schema?: SchemaName;
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly description: string;
  readonly schema: z.ZodType;
}

const schemas = {
  OrderRequest: orderRequest,
  OrderStatus: orderStatus,
  Timeline: timeline,
  Order: orderView,
  OrderGoods: orderGoods,
  Cancellation: cancellation,
  OrderPage: orderPage,
  PriceRequest: priceRequest,
  RestockRequest: restockRequest,
  TopUpRequest: topUpRequest,
  Problem: problem,
} as const;
type SchemaName = keyof typeof schemas;

const problemTitles: Readonly<Record<number, string>> = {
  400: "The request is not valid; the fields and the rules that they broke are named",
  401: "A bearer token is required",
  404: "There is no such thing",
  409: "What the order is in by now forbids it",
  413: "The body is too large",
  415: "The body is not application/json",
  422: "The key was used for another body, or the request cannot be carried out",
  429: "Too many orders are in flight; see Retry-After",
  503: "The store or the broker does not follow; see Retry-After",
};

/** An OpenAPI 3.1 document, its schemas made from the contracts. */
export function openApiDocument(title: string, description: string, operations: readonly Operation[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) (paths[operation.path] ??= {})[operation.method] = describe(operation);
  return {
    openapi: "3.1.0",
    info: { title, description, version: "1" },
    security: [{}, { bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
      schemas: componentsOf(operations),
    },
  };
}

function describe({ summary, parameters = [], key, body, answer, orElse, problems }: Operation): object {
  const statuses = [...new Set([...problems, 401, 503])].toSorted((a, b) => a - b);
  return {
    summary,
    parameters: [...parameters.map(parameter), ...(key === undefined ? [] : [keyParameter(key)])],
    ...(body === undefined ? {} : { requestBody: { required: true, content: content("application/json", body) } }),
    responses: {
      ...Object.fromEntries([answer, ...(orElse === undefined ? [] : [orElse])].map(answerEntry)),
      ...Object.fromEntries(
        statuses.map((each) => [
          each,
          { description: problemTitles[each] ?? "", content: content("application/problem+json", "Problem") },
        ]),
      ),
    },
  };
}

function answerEntry({ status, description, schema }: Answer): [number, object] {
  const told = schema === undefined ? {} : { content: content("application/json", schema) };
  return [status, { description, ...told }];
}

const content = (type: string, schema: SchemaName) => ({ [type]: { schema: { $ref: reference(schema) } } });
const reference = (schema: string) => `#/components/schemas/${schema}`;

function parameter({ name, in: place, description, schema }: Parameter): object {
  return { name, in: place, required: !schema.safeParse(undefined).success, description, schema: jsonSchema(schema) };
}

function keyParameter(key: "optional" | "required"): object {
  const description = "Requests with the same key and body are one request; the same key with another body is refused";
  return {
    name: "Idempotency-Key",
    in: "header",
    required: key === "required",
    description,
    schema: jsonSchema(idempotencyKey),
  };
}

function jsonSchema(schema: z.ZodType): object {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return rest;
}

/** The schemas that these operations name, and those that they are made of. */
function componentsOf(operations: readonly Operation[]): object {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const all = z.toJSONSchema(registry, { io: "input", uri: reference }).schemas;
  const needed = new Set<string>();
  const need = (id: string): void => {
    if (needed.has(id)) return;
    needed.add(id);
    for (const [, other] of JSON.stringify(all[id]).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g))
      need(other ?? "");
  };
  for (const { body, answer, orElse } of operations)
    [body, answer.schema, orElse?.schema, "Problem"].forEach((id) => id !== undefined && need(id));
  return Object.fromEntries(
    Object.keys(schemas)
      .filter((id) => needed.has(id))
      .map((id) => {
        const { $schema: _dialect, $id: _id, ...rest } = all[id] ?? {};
        return [id, rest];
      }),
  );
}
