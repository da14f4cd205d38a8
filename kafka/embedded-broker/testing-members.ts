// For tests only: members of a group made of bare requests, which do what no client would.
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { clearInterval, setInterval } from "node:timers";
import { setTimeout as delay } from "node:timers/promises";

const JOIN_GROUP = 11;
const HEARTBEAT = 12;
const SYNC_GROUP = 14;

const int = (width: 2 | 4, value: number) => {
  const bytes = Buffer.alloc(width);
  bytes.writeIntBE(value, 0, width);
  return bytes;
};
const string = (text: string) => Buffer.concat([int(2, Buffer.byteLength(text)), Buffer.from(text)]);
const bytes = (content: Buffer) => Buffer.concat([int(4, content.length), content]);

/** Sends one request in version 0 and gives the answer without its header; null: the broker closed the connection. */
async function ask(port: number, key: number, ...body: readonly Buffer[]): Promise<Buffer | null> {
  const request = Buffer.concat([int(2, key), int(2, 0), int(4, 7), string("test"), ...body]);
  const socket: Socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(bytes(request));
  let got: Buffer = Buffer.alloc(0);
  const answer = await new Promise<Buffer | null>((resolve) => {
    socket.on("close", () => resolve(null));
    socket.on("data", (more: Buffer) => {
      got = Buffer.concat([got, more]);
      if (got.length >= 4 && got.length >= 4 + got.readInt32BE(0)) resolve(got.subarray(8));
    });
  });
  socket.destroy();
  return answer;
}

export interface Joining {
  readonly port: number;
  readonly groupId: string;
  readonly sessionMs: number;
  readonly topic: string;
}

interface Joined {
  readonly error: number;
  readonly generation: number;
  readonly memberId: string;
}

/** Resolves when the group answers; null: the broker closed the connection. */
export async function join({ port, groupId, sessionMs, topic }: Joining, memberId = ""): Promise<Joined | null> {
  // Version 1 of a subscription, which says that nothing is owned.
  const subscription = Buffer.concat([int(2, 1), int(4, 1), string(topic), bytes(Buffer.alloc(0)), int(4, 0)]);
  const protocol = [string("consumer"), int(4, 1), string("cooperative-sticky"), bytes(subscription)];
  const answer = await ask(port, JOIN_GROUP, string(groupId), int(4, sessionMs), string(memberId), ...protocol);
  if (answer === null) return null;
  let at = 6;
  const next = () => {
    const length = answer.readInt16BE(at);
    at += 2 + length;
    return answer.subarray(at - length, at).toString();
  };
  const [, , id] = [next(), next(), next()] as const;
  return { error: answer.readInt16BE(0), generation: answer.readInt32BE(2), memberId: id };
}

/**
 * Joins, and joins anew until it has partitions; then it only beats, and never reads, joins anew or leaves.
 * Gives what stops it from beating.
 */
export async function haunt(joining: Joining): Promise<() => void> {
  const { port, groupId } = joining;
  let memberId = "";
  for (;;) {
    const joined = await join(joining, memberId);
    if (joined === null || joined.error !== 0) throw new Error(`cannot join: ${joined?.error}`);
    memberId = joined.memberId;
    const whoAndWhen = [string(groupId), int(4, joined.generation), string(memberId)];
    const beat = async () => (await ask(port, HEARTBEAT, ...whoAndWhen))?.readInt16BE(0);
    const synced = await ask(port, SYNC_GROUP, ...whoAndWhen, int(4, 0));
    // An assignment that has topics: after its length and its version comes how many.
    if (synced?.readInt16BE(0) === 0 && synced.readInt32BE(2) >= 6 && synced.readInt32BE(8) > 0) {
      const timer = setInterval(() => void beat(), 300);
      return () => clearInterval(timer);
    }
    while ((await beat()) === 0) await delay(50);
  }
}
