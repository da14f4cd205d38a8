import type { Transaction } from "#db/connection.ts";
import { forgetUnreadRounds, instanceIds } from "#db/instances.ts";
import type { Store } from "#db/open-store.ts";
import type { LogRange } from "#kafka/admin.ts";
import { encodeCommitMetadata } from "../consume/commit-metadata.ts";
import { CannotRecoverError, learn, type LearnOptions, type LearnReport } from "./learn.ts";
import { ConsumeRefusedError, type Disaster } from "../consume/offset-judge.ts";
import type { Recovery } from "./recovery.ts";
import type { RelayLane } from "../relay/relay-lane.ts";
import type { Relay } from "../relay/relay.ts";
import { asSoleMember } from "./sole-member.ts";

export interface RecoverOptions extends Omit<LearnOptions, "recovery" | "incarnation" | "isBlind"> {
  readonly incarnation: () => Promise<string>;
  readonly refusal: () => Error | undefined;
  readonly lane: Pick<RelayLane, "reread">;
  readonly relay: Pick<Relay, "publishUnread">;
  readonly sessionTimeoutMs: number;
}

/** How a service goes on that refuses to consume. */
export interface Recover {
  /** Does to a copy of the store what would be done to the store, and tells it. @throws as `recover` */
  plan(recovery: Recovery, copy: Store): Promise<LearnReport>;
  /**
   * Learns what the service published, and takes the group over from the start of each log.
   * @param sign written with the last of it
   * @throws CannotRecoverError; KafkaError and StoreError, after which it may be tried again
   */
  recover(recovery: Recovery, sign: (tx: Transaction) => Promise<void>): Promise<LearnReport>;
  /** Publishes again what not all have read, of all instances. Gives the number of messages. */
  publishUnread(): Promise<number>;
}

/** After these a store may lack what the service has published. */
const blinding: readonly Disaster[] = ["store-lost", "store-old-copy", "store-foreign", "offsets-reset"];

export function createRecover(options: RecoverOptions): Recover {
  const { handler, store, instanceId, broker, signal } = options;

  function disaster(): Disaster {
    const refusal = options.refusal();
    if (refusal instanceof ConsumeRefusedError) return refusal.disaster;
    throw new CannotRecoverError(`${handler.service} does not refuse to consume: there is nothing to recover from`);
  }

  async function learnOptions(recovery: Recovery, into: Store, at: AbortSignal): Promise<LearnOptions> {
    const isBlind = blinding.includes(disaster());
    return { ...options, recovery, store: into, incarnation: await options.incarnation(), isBlind, signal: at };
  }

  const readRanges = async (): Promise<LogRange[]> => broker.logRanges(await broker.partitionsOf(handler.reads));

  return {
    plan: async (recovery, copy) => learn(await learnOptions(recovery, copy, signal)),
    async recover(recovery, sign) {
      disaster();
      const report = await asSoleMember({ ...options, partitions: await readRanges() }, async (at) => {
        const result = await learn(await learnOptions(recovery, store, at), sign);
        const incarnation = await options.incarnation();
        const metadata = encodeCommitMetadata({ storeId: store.id, incarnation });
        const commits = result.begins.map(({ topic, partition, next }) => ({
          topic,
          partition,
          offset: next,
          metadata,
        }));
        return { result, commits };
      });
      // What was completed is in the outbox, and nobody was handed it.
      options.lane.reread();
      return report;
    },
    async publishUnread() {
      const own = await options.relay.publishUnread();
      return store.write(signal, async (tx) => {
        const others = (await instanceIds(tx)).filter((id) => id !== instanceId);
        // Whoever publishes for silent ones does so for them; one that runs has to be asked itself.
        for (const id of others) await forgetUnreadRounds(tx, id);
        return own;
      });
    },
  };
}
