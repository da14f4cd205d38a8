/** Requests that are built once: for each order only the digits of its key are written. */
export interface Requests {
  /** The bytes to send; they are overwritten by the next call for the same body. */
  take(body: number, number: number): Buffer;
}

const keyDigits = 9;

export function createRequests(port: number, bodies: readonly string[], keyPrefix: string): Requests {
  const built = bodies.map((body) => {
    const beforeKey = [
      "POST /orders HTTP/1.1",
      `Host: 127.0.0.1:${port}`,
      "Content-Type: application/json",
      `Content-Length: ${Buffer.byteLength(body)}`,
      `Idempotency-Key: ${keyPrefix}`,
    ].join("\r\n");
    return {
      bytes: Buffer.from(`${beforeKey}${"0".repeat(keyDigits)}\r\n\r\n${body}`),
      lastDigit: beforeKey.length + keyDigits - 1,
    };
  });
  return {
    take(body, number) {
      const request = built[body];
      if (request === undefined) throw new Error(`there is no body ${body}`);
      let rest = number;
      for (let digit = 0; digit < keyDigits; digit++) {
        request.bytes[request.lastDigit - digit] = 48 + (rest % 10);
        rest = Math.floor(rest / 10);
      }
      return request.bytes;
    },
  };
}
