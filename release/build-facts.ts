/** What a binary is made of: set when it is built. */
export interface BuildFacts {
  /** Of the sources, with "+changes" where they were not as committed. */
  readonly commit: string;
  readonly librdkafka: string;
  /** The npm package, and the SQLite that it answers to be. */
  readonly libsql: string;
  readonly bun: string;
  /** What the Kafka client inside can do. */
  readonly features: readonly string[];
  readonly system: string;
}

export function versionText(name: string, facts: BuildFacts): string {
  const { commit, librdkafka, libsql, bun, features, system } = facts;
  return [
    `${name} ${commit} (${system})`,
    `librdkafka ${librdkafka} (${features.join(", ")})`,
    `libSQL ${libsql}`,
    `Bun ${bun}`,
  ].join("\n");
}
