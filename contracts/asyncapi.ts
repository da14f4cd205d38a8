import * as z from "zod";
import { type EventType, eventData, eventTypes } from "./events.ts";
import { orderId } from "./fields.ts";
import { type Group, groups, type Service, services, type Topic, topics } from "./topics.ts";

/** Who reads by which group. */
const readers: Readonly<Record<Service, Group>> = {
  intake: "view",
  stock: "stock",
  order: "order",
  payment: "payment",
};

/** An AsyncAPI 3.0 document of all topics: what each carries, who writes and who reads it. `asyncapi.json` is this document. */
export function asyncApiDocument(): object {
  return {
    asyncapi: "3.0.0",
    info: {
      title: "orderwright",
      version: "1",
      description:
        "What the services of an order's saga tell each other, over Kafka's protocol. Effects are exactly once in " +
        "every store, messages on the wire at least once: the same id again is the same fact.",
    },
    defaultContentType: "application/cloudevents+json; charset=UTF-8",
    channels: Object.fromEntries(eventTypes.map((type) => [type, channel(topics[type])])),
    operations: Object.fromEntries(services.flatMap(operationsOf)),
    components: { messages: Object.fromEntries(eventTypes.map((type) => [type, message(type)])) },
  };
}

function channel({ name, partitions, retentionMs }: Topic): object {
  const topicConfiguration = { "retention.ms": retentionMs };
  return {
    address: name,
    messages: { [name]: { $ref: `#/components/messages/${name}` } },
    bindings: { kafka: { topic: name, partitions, topicConfiguration, bindingVersion: "0.5.0" } },
  };
}

function operationsOf(service: Service): (readonly [string, object])[] {
  const groupId = groups[readers[service]];
  const operation = (action: "send" | "receive", { name }: Topic, bindings: object) => {
    const on = { channel: { $ref: `#/channels/${name}` }, messages: [{ $ref: `#/channels/${name}/messages/${name}` }] };
    return [
      `${service}.${action}.${name}`,
      { action, title: `${service} ${action}s ${name}`, ...on, ...bindings },
    ] as const;
  };
  const group = { bindings: { kafka: { groupId: { type: "string", enum: [groupId] }, bindingVersion: "0.5.0" } } };
  return Object.values(topics).flatMap((topic) => [
    ...(topic.writers.includes(service) ? [operation("send", topic, {})] : []),
    ...(topic.readers.includes(groupId) ? [operation("receive", topic, group)] : []),
  ]);
}

/** A CloudEvent in structured mode, as `envelope.ts` writes it. */
function message(type: EventType): object {
  const { description, ...data } = jsonSchema(eventData[type]);
  const constant = (value: string) => ({ const: value });
  const properties = {
    specversion: constant("1.0"),
    id: { type: "string", description: "The same id is the same fact" },
    source: { enum: topics[type].writers.map((writer) => `/orderwright/${writer}`) },
    type: constant(type),
    subject: jsonSchema(orderId),
    time: { type: "string", format: "date-time" },
    datacontenttype: constant("application/json"),
    dataschema: constant(`urn:orderwright:event:${type}:1`),
    data,
  };
  return {
    name: type,
    summary: description,
    payload: { type: "object", required: Object.keys(properties), properties },
    headers: {
      type: "object",
      properties: {
        "content-type": { type: "string" },
        traceparent: { type: "string", description: "W3C Trace Context, where there is a trace" },
      },
    },
    bindings: { kafka: { key: jsonSchema(orderId), bindingVersion: "0.5.0" } },
  };
}

function jsonSchema(schema: z.ZodType): { readonly description?: string } {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return rest;
}
