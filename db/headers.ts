/** A record's headers in their order; a name may come twice, a value may be any bytes or none. */
export type Headers = readonly (readonly [name: string, value: Uint8Array | null])[];

/** Headers as text of a row, without loss: JSON pairs of name and base64. */
export function encodeHeaders(headers: Headers): string {
  return JSON.stringify(headers.map(([name, value]) => [name, value && Buffer.from(value).toString("base64")]));
}

/** Inverse of `encodeHeaders`. */
export function decodeHeaders(text: string): Headers {
  const pairs = JSON.parse(text) as [string, string | null][];
  return pairs.map(([name, value]) => [name, value === null ? null : Buffer.from(value, "base64")]);
}
