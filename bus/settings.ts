import { type Environment, SettingsError } from "#kafka/settings.ts";

/** How a worker's bus runs. Times in ms. */
export type BusSettings = { readonly [K in keyof typeof busSettingsTable]: number };

interface Setting {
  readonly variable: string;
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
  /** Why the default is what it is. */
  readonly reason: string;
}

/** All settings with their defaults and reasons; the documentation's table is made from it. */
export const busSettingsTable = {
  maxPollRecords: setting(
    "KAFKA_MAX_POLL_RECORDS",
    500,
    1,
    10_000,
    "a batch is one transaction: 500 orders take some 20 ms, in which no other write goes on",
  ),
  idleBetweenPollsMs: setting(
    "KAFKA_IDLE_BETWEEN_POLLS_MS",
    5,
    0,
    1_000,
    "a reader that is never out of work rests so long after a batch, for fewer and larger ones; a message alone never waits",
  ),
  maxPollIntervalMs: setting(
    "KAFKA_MAX_POLL_INTERVAL_MS",
    300_000,
    6_000,
    86_400_000,
    "Kafka's default; while it waits for the store the bus polls on, so nothing comes near it",
  ),
  sessionTimeoutMs: setting(
    "KAFKA_SESSION_TIMEOUT_MS",
    10_000,
    1_000,
    1_800_000,
    "a dead instance's partitions move after this; a thread of its own beats, so only a dead or frozen process is silent",
  ),
  fetchWaitMs: setting(
    "KAFKA_FETCH_WAIT_MS",
    500,
    1,
    60_000,
    "Kafka's default; a broker answers as soon as it has a record",
  ),
  commitIntervalMs: setting(
    "KAFKA_COMMIT_INTERVAL_MS",
    200,
    0,
    60_000,
    "the store's offsets are the truth; the broker's follow for lag tools and for purging, a request for each batch would buy nothing",
  ),
  lingerMs: setting(
    "KAFKA_LINGER_MS",
    0.5,
    0,
    1_000,
    "rows come in batches already; this only keeps librdkafka from sending the first row of one alone",
  ),
  deliveryTimeoutMs: setting(
    "KAFKA_DELIVERY_TIMEOUT_MS",
    30_000,
    1_000,
    86_400_000,
    "after it the relay sends the row again itself; so a broker may be gone for days",
  ),
  relayRoundRows: setting(
    "RELAY_ROUND_ROWS",
    1_000,
    1,
    100_000,
    "two full batches: a relay that is behind sends large batches, which cost the broker least",
  ),
  relayRoundsInFlight: setting(
    "RELAY_ROUNDS_IN_FLIGHT",
    4,
    1,
    100,
    "the next rows go out while the reports of the last are on their way; more only fills the client's queue",
  ),
  relaySmallRows: setting("RELAY_SMALL_ROWS", 50, 1, 10_000, "from here on a round is worth sending at once"),
  relayWaitMs: setting(
    "RELAY_WAIT_MS",
    3,
    0,
    1_000,
    "how long fewer rows than that wait for more while reports are out; with none out they never wait",
  ),
  relayBufferRows: setting(
    "RELAY_BUFFER_ROWS",
    20_000,
    100,
    10_000_000,
    "rows kept in memory while the broker is away; beyond, they are read from the outbox when it is back",
  ),
  backOffMinMs: setting(
    "BACKOFF_MIN_MS",
    100,
    1,
    60_000,
    "a busy store or a broker that elects a leader is back within this",
  ),
  backOffMaxMs: setting("BACKOFF_MAX_MS", 10_000, 10, 3_600_000, "the cap: how late an outage's end may be noticed"),
  unknownAttempts: setting(
    "UNKNOWN_ERROR_ATTEMPTS",
    5,
    1,
    100,
    "an error of no known class may pass by itself; five tries with back-off are some two seconds",
  ),
  watchIntervalMs: setting(
    "WATCH_INTERVAL_MS",
    1_000,
    50,
    600_000,
    "how often readers' offsets, foreign store ids and silent instances are looked at",
  ),
  stallAfterMs: setting(
    "STALL_AFTER_MS",
    60_000,
    1_000,
    86_400_000,
    "longer than a rebalance takes; then an idle member joins its group anew, which costs one",
  ),
  takeoverAfterMs: setting(
    "TAKEOVER_AFTER_MS",
    30_000,
    500,
    86_400_000,
    "longer than a restart, shorter than a person's patience; two who publish one row harm nobody",
  ),
} as const;

/** What Kafka users set elsewhere and cannot set here, with the reason. */
const fixed: Readonly<Record<string, readonly [value: string, reason: string]>> = {
  KAFKA_ACKS: ["all", "the outbox forgets a row on the strength of an acknowledgement"],
  KAFKA_ENABLE_IDEMPOTENCE: ["true", "a retry must not change the order in a partition"],
  KAFKA_AUTO_OFFSET_RESET: ["error", "an offset out of range is judged, never a silent jump"],
  KAFKA_ENABLE_AUTO_COMMIT: ["false", "offsets are committed with their effects"],
};

/**
 * The bus's settings from a worker's environment. Pure.
 * @throws SettingsError with all problems
 */
export function busSettings(environment: Environment): BusSettings {
  const problems: string[] = [];
  const entries = Object.entries(busSettingsTable).map(([name, { variable, fallback, min, max }]) => {
    const text = environment[variable]?.trim();
    if (!text) return [name, fallback];
    const value = Number(text);
    if (!(value >= min && value <= max)) problems.push(`${variable} is "${text}", not a number from ${min} to ${max}`);
    return [name, value];
  });
  for (const [variable, [value, reason]] of Object.entries(fixed)) {
    const text = environment[variable]?.trim().toLowerCase();
    if (text && text !== value) problems.push(`${variable} is "${text}", can only be "${value}": ${reason}`);
  }
  if (environment["KAFKA_GROUP_ID"]?.trim()) {
    problems.push("KAFKA_GROUP_ID cannot be set: offsets are kept by the group's id, which never changes");
  }
  if (problems.length > 0) throw new SettingsError(problems);
  return Object.fromEntries(entries) as BusSettings;
}

function setting(variable: string, fallback: number, min: number, max: number, reason: string): Setting {
  return { variable, fallback, min, max, reason };
}
