import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  trace,
  TraceFlags,
  type Tracer,
} from "@opentelemetry/api";
import type { BatchHandler, Received } from "#bus/batch-handler.ts";
import { type EventType, messageId } from "#contracts/events.ts";
import type { SentMessage } from "#bus/relay/delivery.ts";

type Fetch = (request: Request) => Response | Promise<Response>;

/** One order, one trace: from the request that placed it, through each batch that handled it and each message, to its end. */
export interface Tracing {
  /**
   * The same handler, with a span for each message, whose parent is in the service that caused it, and one for the batch that it
   * was in: each links to it, since a batch is of many traces. Spans are told of when the batch is durable; one that is rolled back was not.
   */
  handler<K extends EventType>(handler: BatchHandler<K>): BatchHandler<K>;
  /** The same, with a span for each request that changes something. */
  fetch(next: Fetch): Fetch;
  /** From the commit of messages to the broker's report. */
  sent(messages: readonly SentMessage[]): void;
  /** Sends what is left. */
  end(): Promise<void>;
}

export function createTracing(tracer: Tracer, end: () => Promise<void>): Tracing {
  return {
    handler: (handler) => tracedHandler(tracer, handler),
    fetch: (next) => tracedFetch(tracer, next),
    sent(messages) {
      for (const { messageId: id, topic, traceparent, createdAtMs } of messages) {
        if (traceparent === null || isLeftOut(traceparent)) continue;
        const attributes = { ...messaging("send", topic), "messaging.message.id": id };
        const startTime = createdAtMs ?? Date.now();
        tracer
          .startSpan(`send ${topic}`, { kind: SpanKind.PRODUCER, attributes, startTime }, contextOf(traceparent))
          .end();
      }
    },
    end,
  };
}

/** Source: OpenTelemetry, semantic conventions for messaging and for Kafka. */
function messaging(operation: "process" | "send", topic: string): Attributes {
  return {
    "messaging.system": "kafka",
    "messaging.operation.name": operation,
    "messaging.operation.type": operation,
    "messaging.destination.name": topic,
  };
}

function tracedHandler<K extends EventType>(tracer: Tracer, handler: BatchHandler<K>): BatchHandler<K> {
  const group = { "messaging.consumer.group.name": handler.groupId };
  const { reads } = handler;
  return {
    ...handler,
    async handle(tx, messages, nowMs) {
      const startTime = Date.now();
      const handled = await handler.handle(tx, messages, nowMs);
      const spans = messages.map((message) => spanOf(tracer, message, group, startTime));
      const contexts = new Map(messages.map((message, index) => [causeOf(message), traceparentOf(spans[index])]));
      const outbox = handled.outbox.map((outgoing) => {
        const { event, traceparent } = outgoing;
        return { event, traceparent: contexts.get(causeOf({ event, traceparent })) ?? traceparent };
      });
      const onCommitted = () => {
        const attributes = {
          ...messaging("process", reads.join(",")),
          ...group,
          "messaging.batch.message_count": messages.length,
        };
        const options = { kind: SpanKind.CONSUMER, root: true, startTime, attributes };
        const batch = tracer.startSpan(`process batch ${handler.groupId}`, options);
        // One way: a batch would have to name hundreds, and no more than 128 are kept of a span.
        const link = { context: batch.spanContext() };
        spans.forEach((span, index) => {
          if (!span.isRecording()) return;
          span.addLink(link);
          span.setAttribute("orderwright.outcome", handled.outcomes[index] ?? "");
          span.end();
        });
        batch.end();
        handled.onCommitted?.();
      };
      return { ...handled, outbox, onCommitted };
    },
  };
}

/** Orders may share their client's trace: a message is known by both. */
const causeOf = ({ event, traceparent }: { event: { orderId: string }; traceparent: string | null }) =>
  `${event.orderId} ${traceparent}`;

function spanOf(tracer: Tracer, { event, traceparent }: Received, group: Attributes, startTime: number): Span {
  const name = `process ${event.type}`;
  // It carries the trace on and is kept nowhere.
  if (isLeftOut(traceparent)) return tracer.startSpan(name, {}, contextOf(traceparent));
  const attributes = {
    ...messaging("process", event.type),
    ...group,
    "messaging.message.id": messageId(event),
    "messaging.kafka.message.key": event.orderId,
  };
  return tracer.startSpan(name, { kind: SpanKind.CONSUMER, attributes, startTime }, contextOf(traceparent));
}

/** Whether the sampler left this trace out where it began. */
const isLeftOut = (traceparent: string | null) => traceparent?.endsWith("-00") === true;

function tracedFetch(tracer: Tracer, next: Fetch): Fetch {
  return async (request) => {
    if (request.method === "GET" || request.method === "HEAD") return next(request);
    const { pathname } = new URL(request.url);
    // Of few names: an id in a path is no name of an operation.
    const route = pathname.replaceAll(/[\da-f]{8}-[\da-f-]{27}/g, ":id");
    const attributes = { "http.request.method": request.method, "url.path": pathname, "http.route": route };
    const parent = contextOf(request.headers.get("traceparent"));
    const span = tracer.startSpan(`${request.method} ${route}`, { kind: SpanKind.SERVER, attributes }, parent);
    try {
      const headers = new Headers(request.headers);
      headers.set("traceparent", traceparentOf(span) ?? "");
      const response = await next(new Request(request, { headers }));
      span.setAttribute("http.response.status_code", response.status);
      return response;
    } finally {
      span.end();
    }
  };
}

function contextOf(traceparent: string | null): Context {
  const [, traceId, spanId, flags] = /^00-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/.exec(traceparent ?? "") ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
  const isSampled = (Number.parseInt(flags, 16) & 1) === 1;
  const traceFlags = isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

function traceparentOf(span: Span | undefined): string | undefined {
  if (span === undefined) return undefined;
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
}
