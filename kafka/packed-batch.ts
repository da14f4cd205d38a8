import type { OutgoingHeaders, OutgoingMessage, Part } from "./outgoing-message.ts";

/** What `native/batch/packed-messages.h` reads: float64 numbers, and the bytes of all keys, values and headers. */
export interface PackedBatch {
  readonly numbers: Buffer;
  readonly bytes: Buffer;
  /** How many messages are in it. */
  readonly count: number;
}

export interface Packer {
  /**
   * Packs the messages from `from` on, as many as go over in one call. Valid until the next call: the memory is used again.
   * @param id the batch that all of `messages` are
   */
  pack(id: number, messages: readonly OutgoingMessage[], from: number): PackedBatch;
}

/** So that no call holds the event loop for long, and the memory stays small: about a millisecond. */
const MOST_MESSAGES = 1_000;
const MOST_BYTES = 2 ** 20;
/** A larger message's memory is not kept. */
const KEPT_BYTES = 4 * MOST_BYTES;

const HEAD_NUMBERS = 7;
const MESSAGE_NUMBERS = 6;
const NONE = -1;
const AS_BEFORE = -1;

/**
 * The numbers: id, size of the batch, index of the first message, messages, length of the bytes that came as such, length
 * of the text that follows them, its UTF-16 units. Then for each message: topic, partition, timestamp, key, value, number of
 * headers (AS_BEFORE: those of the message before), and each header's name and value.
 *
 * A key, value, name is NONE, or twice its length, and one more when it came as bytes. Text is joined and written once for
 * all, which costs a fraction of writing each; the length is in UTF-16 units, since its bytes are not known before.
 */
export function newPacker(topicNumber: (topic: string) => number): Packer {
  const texts: string[] = [];
  let numbers = new Float64Array(HEAD_NUMBERS + MOST_MESSAGES * (MESSAGE_NUMBERS + 4));
  let bytes = Buffer.allocUnsafeSlow(MOST_BYTES);
  let next = 0;
  let byteLength = 0;
  let textUnits = 0;

  function put(part: Part): void {
    if (part === null) {
      numbers[next++] = NONE;
    } else if (typeof part === "string") {
      texts.push(part);
      textUnits += part.length;
      numbers[next++] = 2 * part.length;
    } else {
      bytes = bytesWithRoom(bytes, byteLength, part.length);
      bytes.set(part, byteLength);
      byteLength += part.length;
      numbers[next++] = 2 * part.length + 1;
    }
  }

  function putHeaders(headers: OutgoingHeaders | undefined): void {
    const pairs = headers === undefined ? [] : isPairs(headers) ? headers : Object.entries(headers);
    numbers = numbersWithRoom(numbers, next, 1 + 2 * pairs.length);
    numbers[next++] = pairs.length;
    for (const [name, value] of pairs) {
      put(name);
      put(value);
    }
  }

  function putAll(messages: readonly OutgoingMessage[], from: number): number {
    let headersBefore: OutgoingHeaders | undefined;
    const end = Math.min(messages.length, from + MOST_MESSAGES);
    let index = from;
    for (; index < end && byteLength + textUnits < MOST_BYTES; index++) {
      const message = messages[index] as OutgoingMessage; // index is below the length
      numbers = numbersWithRoom(numbers, next, MESSAGE_NUMBERS);
      numbers[next++] = topicNumber(message.topic);
      numbers[next++] = message.partition ?? -1;
      numbers[next++] = message.timestampMs ?? 0;
      put(message.key);
      put(message.value);
      if (index > from && message.headers === headersBefore) numbers[next++] = AS_BEFORE;
      else putHeaders(message.headers);
      headersBefore = message.headers;
    }
    return index - from;
  }

  return {
    pack(id, messages, from) {
      if (bytes.length > KEPT_BYTES) bytes = Buffer.allocUnsafeSlow(MOST_BYTES);
      [next, byteLength, textUnits, texts.length] = [HEAD_NUMBERS, 0, 0, 0];
      const count = putAll(messages, from);
      // The null between two texts keeps half a surrogate pair at the end of one from joining the next.
      const text = texts.join("\0");
      const textLength = Buffer.byteLength(text);
      bytes = bytesWithRoom(bytes, byteLength, textLength);
      bytes.write(text, byteLength);
      numbers.set([id, messages.length, from, count, byteLength, textLength, text.length]);
      return { numbers: Buffer.from(numbers.buffer, 0, next * numbers.BYTES_PER_ELEMENT), bytes, count };
    },
  };
}

function numbersWithRoom(numbers: Float64Array<ArrayBuffer>, used: number, more: number): Float64Array<ArrayBuffer> {
  if (used + more <= numbers.length) return numbers;
  const larger = new Float64Array(2 * (used + more));
  larger.set(numbers);
  return larger;
}

function bytesWithRoom(bytes: Buffer<ArrayBuffer>, used: number, more: number): Buffer<ArrayBuffer> {
  if (used + more <= bytes.length) return bytes;
  const larger = Buffer.allocUnsafeSlow(Math.max(used + more, 2 * bytes.length));
  larger.set(bytes.subarray(0, used));
  return larger;
}

function isPairs(headers: OutgoingHeaders): headers is readonly (readonly [string, Part])[] {
  return Array.isArray(headers);
}
