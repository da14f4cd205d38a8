// For tests only.
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { openPollLoop, type PollLoop, type PollLoopOptions } from "./poll-loop.ts";
import type { OutgoingMessage } from "./outgoing-message.ts";
import type { KafkaProducer } from "./producer.ts";
import { type ConsumerOptions, consumerSettings } from "./settings.ts";
import type { ClientProperties, KafkaMessage } from "./upstream.ts";

/** Rejects after `timeoutMs` (default 30,000) with what it waited for. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`waited in vain for: ${what}`);
    await sleep(10);
  }
}

const opened: PollLoop[] = [];

/** For `after`: a loop that a failed test left open would keep the process alive. */
export async function closeTestLoops(): Promise<void> {
  await Promise.allSettled(opened.splice(0).map((loop) => loop.close()));
}

/** Begins every partition at the log's start and takes all else calmly, unless told otherwise. */
export async function openTestLoop(
  client: ClientProperties,
  topics: readonly string[],
  group: ConsumerOptions,
  options: Partial<PollLoopOptions> = {},
): Promise<PollLoop> {
  const loop = await openPollLoop({
    settings: consumerSettings(client, { sessionTimeoutMs: 6_000, ...group }),
    topics,
    onAssign: (partitions) => Promise.resolve(partitions.map((partition) => ({ ...partition, offset: "earliest" }))),
    onRevoke: () => Promise.resolve(),
    onLost: () => Promise.resolve(),
    onPollOverdue: () => {},
    onCommitFailed: () => {},
    ...options,
  });
  opened.push(loop);
  return loop;
}

/** Polls until so many messages are there, or fails. */
export async function pollFor(loop: PollLoop, count: number): Promise<KafkaMessage[]> {
  const messages: KafkaMessage[] = [];
  await until(`${count} messages`, async () => {
    messages.push(...(await loop.poll(count - messages.length, 100)));
    return messages.length >= count;
  });
  return messages;
}

export function textOf({ value }: KafkaMessage): string {
  return new TextDecoder().decode(value ?? new Uint8Array());
}

export function message(topic: string, partition: number, value: string): OutgoingMessage {
  return { topic, partition, key: value, value };
}

/** All acknowledged, or an error. */
export async function sendAll(producer: KafkaProducer, messages: readonly OutgoingMessage[]): Promise<void> {
  const { failed } = await producer.send(messages);
  if (failed[0]) throw failed[0].error;
}

let groups = 0;

/** A group that no other test uses. */
export function newGroupId(): string {
  return `test-${process.pid}-${Date.now()}-${++groups}`;
}

/** Bun has its own; Node and Deno give V8's when the flag is set late as well. */
export function garbageCollector(): () => void {
  if ("Bun" in globalThis) return () => Bun.gc(true);
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

/** A test that cannot be done everywhere: where `reason` says why not, it is skipped with the reason in its title. */
export function testUnless(
  reason: string | null | undefined,
  name: string,
  run: () => void | Promise<void>,
  limit: { readonly timeout?: number } = {},
): void {
  // Not on `describe`: Bun would not list what is in it. Not by t.skip(): Deno would count it as passed.
  if (reason) void test(`${name} (skipped: ${reason})`, { skip: reason }, () => {});
  else void test(name, limit, run);
}
