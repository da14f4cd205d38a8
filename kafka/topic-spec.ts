/** What a topic must be: the part of a contract that brokers, admin and the embedded broker need. */
export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  /** Ids of the consumer groups that read it; empty where nobody of ours does. */
  readonly readers: readonly string[];
  /** How long the broker keeps a record; -1 is for ever. */
  readonly retentionMs: number;
  /** Default: as the broker is set. */
  readonly replicationFactor?: number;
}
