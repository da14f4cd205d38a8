import { ERROR_CODES, type UpstreamError } from "./upstream.ts";

/**
 * What to do about an error. `retriable`: the same call may work later, without anybody's help. `message`: this message
 * alone cannot be sent, others can. `fatal`: somebody has to change something, or this client has to be opened anew.
 */
export type KafkaErrorKind = "retriable" | "message" | "fatal";

export class KafkaError extends Error {
  override readonly name: string = "KafkaError";
  readonly kind: KafkaErrorKind;
  /** Upstream's name of the code, such as ERR__MSG_TIMED_OUT; one underscore: the broker said it, two: librdkafka did. */
  readonly code: string;

  constructor(kind: KafkaErrorKind, code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
    this.code = code;
  }
}

/** What the codes mean for whoever sends or polls. A code that is in neither list is retriable: nothing is lost by it. */
const MESSAGE_CODES = [
  "ERR_MSG_SIZE_TOO_LARGE",
  "ERR_RECORD_LIST_TOO_LARGE",
  "ERR_INVALID_RECORD",
  "ERR_INVALID_TIMESTAMP",
  "ERR_UNKNOWN_TOPIC_OR_PART",
  "ERR_TOPIC_EXCEPTION",
  "ERR__UNKNOWN_TOPIC",
  "ERR__UNKNOWN_PARTITION",
];
const FATAL_CODES = [
  "ERR__FATAL",
  "ERR__FENCED",
  "ERR__AUTHENTICATION",
  "ERR__SSL",
  "ERR__INVALID_ARG",
  "ERR__UNSUPPORTED_FEATURE",
  "ERR__NOT_CONFIGURED",
  "ERR__STATE",
  "ERR__PURGE_QUEUE",
  "ERR__PURGE_INFLIGHT",
  "ERR__AUTO_OFFSET_RESET",
  "ERR_OFFSET_OUT_OF_RANGE",
  "ERR_TOPIC_AUTHORIZATION_FAILED",
  "ERR_GROUP_AUTHORIZATION_FAILED",
  "ERR_CLUSTER_AUTHORIZATION_FAILED",
  "ERR_UNSUPPORTED_VERSION",
  "ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT",
  "ERR_INVALID_REQUIRED_ACKS",
  "ERR_OUT_OF_ORDER_SEQUENCE_NUMBER",
  "ERR_INVALID_PRODUCER_EPOCH",
  "ERR_SASL_AUTHENTICATION_FAILED",
  "ERR_UNSUPPORTED_SASL_MECHANISM",
  "ERR_ILLEGAL_SASL_STATE",
  "ERR_INCONSISTENT_GROUP_PROTOCOL",
  "ERR_FENCED_INSTANCE_ID",
  "ERR_PRODUCER_FENCED",
];

const NAMES = new Map(Object.entries(ERROR_CODES).map(([name, code]) => [code, name]));

/** Upstream's name of a code. */
export function codeName(code: number): string {
  return NAMES.get(code) ?? `code ${code}`;
}

/** @param doing what failed, to begin the message with: `send to order.start` */
export function toKafkaError(error: UpstreamError, doing: string): KafkaError {
  if (error instanceof KafkaError) return error;
  // Upstream's own checks ("Producer not connected") have no code.
  const name = error.code ? codeName(error.code) : "ERR__STATE";
  return new KafkaError(kindOf(name, error.isFatal === true), name, `${doing}: ${error.message} (${name})`, {
    cause: error,
  });
}

/**
 * Why a message was not delivered. A producer that broke for good (fenced, for one) purges its queue: librdkafka then reports
 * "Purged in queue" for each message, and the reason only once, in its log.
 */
export function deliveryError(error: UpstreamError, topic = "", fatalReason?: string): KafkaError {
  const delivery = toKafkaError(error, `send to ${topic}`);
  if (!fatalReason || delivery.kind !== "fatal") return delivery;
  return new KafkaError("fatal", delivery.code, `send to ${topic}: the producer broke: ${fatalReason}`, {
    cause: error,
  });
}

/** A promise for one call that reports by callback. */
export function answered<T>(
  doing: string,
  call: (done: (error: UpstreamError | null | undefined, value: T) => void) => void,
) {
  return new Promise<T>((resolve, reject) => {
    try {
      call((error, value) => {
        if (error) reject(toKafkaError(error, doing));
        else resolve(value);
      });
    } catch (thrown) {
      reject(toKafkaError(thrown as UpstreamError, doing)); // upstream throws its own errors, or "... is disconnected"
    }
  });
}

function kindOf(name: string, isFatal: boolean): KafkaErrorKind {
  if (isFatal || FATAL_CODES.includes(name)) return "fatal";
  return MESSAGE_CODES.includes(name) ? "message" : "retriable";
}
