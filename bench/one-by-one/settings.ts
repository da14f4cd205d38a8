/**
 * The shipped workers, told to handle each message alone: a poll, a transaction with its COMMIT, a produce with its report and
 * an offset commit for each. Durability is not touched: synchronous=FULL and acks=all are fixed in the code.
 */
export const oneByOneSettings: Readonly<Record<string, string>> = {
  KAFKA_MAX_POLL_RECORDS: "1",
  // A row is sent and reported before the next one is sent, and waits for nothing.
  RELAY_ROUND_ROWS: "1",
  RELAY_ROUNDS_IN_FLIGHT: "1",
  RELAY_SMALL_ROWS: "1",
  RELAY_WAIT_MS: "0",
  KAFKA_LINGER_MS: "0",
  KAFKA_COMMIT_INTERVAL_MS: "0",
};
