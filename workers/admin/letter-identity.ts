import { decode } from "#contracts/envelope.ts";
import { type EventType, messageId } from "#contracts/events.ts";
import { orderId } from "#contracts/fields.ts";

/** Whose message a dead letter is. */
export interface LetterIdentity {
  readonly orderId: string;
  /** The ids that it may have; more than one where the body does not say which. */
  readonly messageIds: readonly string[];
}

interface Bytes {
  readonly topic: string;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
}

/**
 * A body that is valid but for the record's key says whose it is: then the key is what is wrong. Else topic and key say.
 * Undefined where neither does.
 */
export function identityOf({ topic, key, value }: Bytes): LetterIdentity | undefined {
  const type = topic as EventType;
  const subject = subjectOf(value);
  if (subject !== undefined) {
    const decoded = decode(type, new TextEncoder().encode(subject), value);
    if (decoded.ok) return { orderId: subject, messageIds: [decoded.id] };
  }
  const order = orderId.safeParse(key === null ? undefined : new TextDecoder().decode(key));
  if (!order.success) return undefined;
  return { orderId: order.data, messageIds: idsOf(type, order.data) };
}

function subjectOf(value: Uint8Array | null): string | undefined {
  if (value === null) return undefined;
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(value));
    const subject = typeof json === "object" && json !== null && "subject" in json ? json.subject : undefined;
    return typeof subject === "string" ? subject : undefined;
  } catch {
    return undefined;
  }
}

/** The data does not matter to an id, but for the cause of a void. */
function idsOf(type: EventType, order: string): string[] {
  const atMs = 0;
  if (type !== "payment.void") return [`${type}/${order}`];
  return (["customer", "deadline"] as const).map((cause) => messageId({ type, orderId: order, atMs, data: { cause } }));
}
