import { encode, headers as eventHeaders } from "#contracts/envelope.ts";
import type { Service } from "#contracts/topics.ts";
import { decodeHeaders } from "#db/headers.ts";
import type { OutboxMessage } from "#db/outbox.ts";
import type { OutgoingMessage } from "#kafka/outgoing-message.ts";
import type { Outgoing } from "../batch-handler.ts";

/** An event as a row of the outbox. */
export function outboxMessage({ event, traceparent }: Outgoing, service: Service): OutboxMessage {
  const { id, topic, key, value } = encode(event, service);
  return { messageId: id, topic, key, value, traceparent, headers: null };
}

// One object for all: the producer converts headers once for messages that share them.
const untraced = eventHeaders(null);

/** A row of the outbox as a message to send. */
export function outgoingMessage({ topic, key, value, traceparent, headers }: OutboxMessage): OutgoingMessage {
  return { topic, key, value, headers: headers === null ? headersOfEvent(traceparent) : decodeHeaders(headers) };
}

const headersOfEvent = (traceparent: string | null) => (traceparent === null ? untraced : eventHeaders(traceparent));
