import assert from "node:assert/strict";
import { createServer } from "node:http";
import { describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { listenOnFreePort } from "#kafka/free-ports.ts";
import { until } from "#kafka/testing.ts";
import { openShop } from "./shop.ts";

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  service: string;
}

/** What a service sends by OTLP over HTTP, in JSON. */
interface Export {
  readonly resourceSpans: readonly {
    readonly resource: {
      readonly attributes: readonly { readonly key: string; readonly value: { stringValue?: string } }[];
    };
    readonly scopeSpans: readonly { readonly spans: readonly Span[] }[];
  }[];
}

/** An OTLP endpoint that keeps what it gets. */
async function openEndpoint() {
  const spans: Span[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      const text = (request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body).toString();
      for (const { resource, scopeSpans } of (JSON.parse(text) as Export).resourceSpans) {
        const service = resource.attributes.find(({ key }) => key === "service.name")?.value.stringValue ?? "";
        for (const span of scopeSpans.flatMap((scope) => scope.spans)) spans.push({ ...span, service });
      }
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  const port = await listenOnFreePort(server);
  return { spans, url: `http://127.0.0.1:${port}`, close: () => void server.close() };
}

/** The spans below one, with what each took, as an indented text. */
function treeOf(spans: readonly Span[], parent: string, depth = 0): string[] {
  const children = spans
    .filter(({ parentSpanId = "" }) => parentSpanId === parent)
    .toSorted(
      (a, b) => Number(BigInt(a.startTimeUnixNano) - BigInt(b.startTimeUnixNano)) || a.name.localeCompare(b.name),
    );
  return children.flatMap((span) => {
    const ms = Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6;
    const line = `${"  ".repeat(depth)}${span.name}  [${span.service.replace("orderwright-", "")}] ${ms.toFixed(0)} ms`;
    return [line, ...treeOf(spans, span.spanId, depth + 1)];
  });
}

for (const runtime of ["Bun", "Deno"] as const) {
  describe(`a compensated order, traced on ${runtime}`, () => {
    test(
      "is one trace from the request to stock's release, with its batches linked",
      { timeout: 120_000 },
      async () => {
        const endpoint = await openEndpoint();
        const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url, OTEL_BSP_SCHEDULE_DELAY: "50" };
        const shop = await openShop({ runtime, broker: "the embedded broker" }, () => environment);
        try {
          const order = await shop.place("unknown customer");
          await shop.assertSettled([order]);
          const root = () => endpoint.spans.find(({ name }) => name === "POST /orders");
          const names = () =>
            endpoint.spans.filter(({ traceId }) => traceId === root()?.traceId).map(({ name }) => name);
          const expected = [
            "POST /orders",
            "process order.start",
            "process stock.success",
            "process payment.request",
            "process order.created",
            "process order.cancel",
            "process stock.rollback",
            "send order.start",
            "send stock.rollback",
          ];
          // Order and view both read order.cancel.
          const cancels = () => names().filter((name) => name === "process order.cancel").length;
          const isWhole = () => expected.every((name) => names().includes(name)) && cancels() === 2;
          await until("the whole trace", isWhole, 30_000);
          const spans = endpoint.spans.filter(({ traceId }) => traceId === root()?.traceId);
          const tree = treeOf(spans, "");
          console.log(tree.join("\n"));
          assert.equal(tree.length, spans.length, "each span hangs on the request, by its parents");
          const indent = (name: string) =>
            (tree.find((line) => line.trim().startsWith(`${name} `))?.search(/\S/) ?? -1) / 2;
          assert.deepEqual(
            [
              "POST /orders",
              "process order.start",
              "process stock.success",
              "process payment.request",
              "process stock.rollback",
            ].map(indent),
            [0, 1, 2, 3, 4],
          );
          const start = spans.find(({ name }) => name === "process order.start");
          const batch = endpoint.spans.find(({ spanId }) => spanId === start?.links?.[0]?.spanId);
          assert.equal(batch?.name, "process batch orderwright.stock");
          assert.notEqual(batch?.traceId, start?.traceId, "a batch is of many traces");
        } finally {
          await shop.end();
          endpoint.close();
        }
      },
    );
  });
}
