/**
 * Many byte strings as one parameter: JSON cannot carry bytes, and `substr` of a bound blob costs nothing but the copy.
 * Measured for an outbox of 500: 7 us a row, as text in JSON 9, as JSON in JSON 12, a statement a row 25.
 */
export interface Packer {
  /** Gives where `bytes` will be: what `substr(packed, start, length)` takes. Null stays null. */
  add(bytes: Uint8Array | null): readonly [start: number | null, length: number | null];
  /** All that was added. */
  pack(): Buffer;
}

export function createPacker(): Packer {
  const parts: Uint8Array[] = [];
  let size = 0;
  return {
    add(bytes) {
      if (bytes === null) return [null, null];
      const start = size + 1;
      parts.push(bytes);
      size += bytes.length;
      return [start, bytes.length];
    },
    pack: () => Buffer.concat(parts, size),
  };
}
