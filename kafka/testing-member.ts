// A member of a group that polls by itself, for tests of what several do together.
import type { PollLoop } from "./poll-loop.ts";
import { openTestLoop, textOf } from "./testing.ts";
import type { ClientProperties, TopicPartition } from "./upstream.ts";

export interface Member {
  readonly loop: PollLoop;
  readonly revoked: TopicPartition[][];
  readonly lost: TopicPartition[][];
  readonly read: string[];
  stopped: boolean;
  readonly done: Promise<void>;
}

/** Polls until stopped; on revoke commits what it has read, as a worker does. */
export async function openMember(client: ClientProperties, topic: string, groupId: string): Promise<Member> {
  const revoked: TopicPartition[][] = [];
  const lost: TopicPartition[][] = [];
  const next = new Map<number, number>();
  const loop: PollLoop = await openTestLoop(
    client,
    [topic],
    { groupId },
    {
      async onAssign(partitions) {
        const committed = await loop.committed(partitions);
        return partitions.map((p, i) => ({ ...p, offset: committed[i]?.offset ?? 0 }));
      },
      async onRevoke(partitions) {
        revoked.push([...partitions]);
        loop.commit(
          partitions.flatMap(({ partition }) => {
            const offset = next.get(partition);
            return offset === undefined ? [] : [{ topic, partition, offset }];
          }),
        );
        await Promise.resolve();
      },
      onLost(partitions) {
        lost.push([...partitions]);
        return Promise.resolve();
      },
    },
  );
  const read: string[] = [];
  const state = { loop, revoked, lost, read, stopped: false, done: Promise.resolve() };
  state.done = (async () => {
    while (!state.stopped) {
      for (const m of await loop.poll(50, 50)) {
        read.push(textOf(m));
        next.set(m.partition, m.offset + 1);
      }
    }
  })();
  return state;
}

export async function stopMember(which: Member): Promise<void> {
  which.stopped = true;
  await which.done;
  await which.loop.close();
}
