// For tests that stand between clients and a broker of one node.

const host = Buffer.from("127.0.0.1");

/** Cuts what is received into whole requests or answers, each as long as its first four bytes say. */
export function wholeFrames(): (chunk: Buffer) => readonly Buffer[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const frames: Buffer[] = [];
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const length = 4 + rest.readInt32BE(0);
      frames.push(Buffer.from(rest.subarray(0, length)));
      rest = rest.subarray(length);
    }
    return frames;
  };
}

/** What the broker says of its own address is replaced in its whole answers, so that clients come back to the proxy. */
export function readdressed(brokerPort: number, proxyPort: () => number): (chunk: Buffer) => readonly Buffer[] {
  const framesOf = wholeFrames();
  return (chunk) => {
    const answers = framesOf(chunk);
    for (const answer of answers)
      for (let at = answer.indexOf(host); at >= 0; at = answer.indexOf(host, at + 1)) {
        const portAt = at + host.length;
        const isBrokers = portAt + 4 <= answer.length && answer.readInt32BE(portAt) === brokerPort;
        if (isBrokers) answer.writeInt32BE(proxyPort(), portAt);
      }
    return answers;
  };
}
