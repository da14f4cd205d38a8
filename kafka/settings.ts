import type { ClientProperties } from "./upstream.ts";

/** What the built client lacks, as kafka/build/features.mjs tells it: for each missing feature the sentence to show. */
export interface ClientFeatures {
  readonly missing: Readonly<Record<string, string>>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Everything that is wrong with the settings, at once. Never contains a user name, a password or a key. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`Kafka settings: ${problems.join("; ")}`);
    this.problems = problems;
  }
}

const PROTOCOLS = ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"];
const MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"];
const SECURITY_VARIABLES = {
  KAFKA_SASL_MECHANISM: "sasl.mechanisms",
  KAFKA_SASL_USERNAME: "sasl.username",
  KAFKA_SASL_PASSWORD: "sasl.password",
  KAFKA_TLS_CA_FILE: "ssl.ca.location",
  KAFKA_TLS_CERT_FILE: "ssl.certificate.location",
  KAFKA_TLS_KEY_FILE: "ssl.key.location",
  KAFKA_TLS_KEY_PASSWORD: "ssl.key.password",
} as const;

/** All that `clientSettings` reads. */
export const clientVariables: readonly { readonly variable: string; readonly fallback?: string }[] = [
  { variable: "KAFKA_BROKERS" },
  { variable: "KAFKA_SECURITY_PROTOCOL", fallback: "PLAINTEXT" },
  ...Object.keys(SECURITY_VARIABLES).map((variable) => ({ variable })),
];

/**
 * The properties of every client, from KAFKA_BROKERS, KAFKA_SECURITY_PROTOCOL, KAFKA_SASL_* and KAFKA_TLS_*. Pure: files are
 * named, not read.
 * @throws SettingsError with all problems
 */
export function clientSettings(environment: Environment, features: ClientFeatures): ClientProperties {
  const problems = [...brokerProblems(environment.KAFKA_BROKERS)];
  const protocol = (environment.KAFKA_SECURITY_PROTOCOL ?? "PLAINTEXT").toUpperCase();
  if (!PROTOCOLS.includes(protocol)) {
    problems.push(`KAFKA_SECURITY_PROTOCOL is none of ${PROTOCOLS.join(", ")}`);
  } else {
    problems.push(...securityProblems(environment, protocol, features));
  }
  if (problems.length > 0) throw new SettingsError(problems);
  return {
    ...baseProperties(environment.KAFKA_BROKERS ?? ""),
    "security.protocol": protocol.toLowerCase(),
    ...Object.fromEntries(
      Object.entries(SECURITY_VARIABLES).flatMap(([variable, property]) => {
        const value = environment[variable];
        return value ? [[property, property === "sasl.mechanisms" ? value.toUpperCase() : value]] : [];
      }),
    ),
  };
}

/**
 * The properties for brokers without TLS and SASL whose address the program itself knows: the embedded broker.
 * @param brokers `host:port`, several with commas
 */
export function baseProperties(brokers: string): ClientProperties {
  return {
    "bootstrap.servers": brokers.replaceAll(/\s/g, ""),
    // Reconnects grow from 100 ms to 10 s by default: after an outage a client then idles for seconds beside a broker that is up.
    "reconnect.backoff.max.ms": 1_000,
    // A port that takes the connection and says nothing is told by this timeout; 10 s by default.
    "api.version.request.timeout.ms": 3_000,
    // A topic that the brokers do not know may be one made just now: how long to think so, 30 s by default. Ours are made
    // before they are used, so a misspelt one is told sooner, and before the delivery timeout hides the reason.
    "topic.metadata.propagation.max.ms": 10_000,
    // Routers forget idle connections; a dead one would be noticed by a request's timeout only.
    "socket.keepalive.enable": true,
  };
}

export interface ProducerOptions {
  /** How long a message waits for others of its partition, ms; fractions are allowed. 0 sends at once. */
  readonly lingerMs: number;
  /** How long a message is tried, ms: then its report says ERR__MSG_TIMED_OUT. */
  readonly deliveryTimeoutMs: number;
  readonly compression?: "none" | "gzip" | "snappy" | "lz4" | "zstd";
}

/** @throws SettingsError when this client was built without the compression */
export function producerSettings(
  client: ClientProperties,
  options: ProducerOptions,
  features: ClientFeatures,
): ClientProperties {
  const lacking = { gzip: features.missing.zlib, zstd: features.missing.zstd }[options.compression as "gzip" | "zstd"];
  if (lacking) throw new SettingsError([`compression ${options.compression}: ${lacking}`]);
  return {
    ...client,
    // A retry after a lost answer must not put a message into the log twice, nor before an older one of its partition.
    "enable.idempotence": true,
    // Acknowledged means: on all in-sync replicas. The outbox forgets a row on the strength of it.
    acks: "all",
    // The Java clients' choice of partition, so that one key is in one partition whoever writes it.
    partitioner: "murmur2_random",
    // The most that idempotence allows; order in a partition is kept.
    "max.in.flight.requests.per.connection": 5,
    // Retries have no limit of their own (2^31 by default): this is the limit.
    "delivery.timeout.ms": options.deliveryTimeoutMs,
    "linger.ms": options.lingerMs,
    "compression.type": options.compression ?? "none",
    // Sending waits when this is full. The default is 1 GiB, far beyond what a worker should hold in memory.
    "queue.buffering.max.kbytes": 65_536,
  };
}

export interface ConsumerOptions {
  readonly groupId: string;
  /** Fewer than this between two polls, ms, or the broker gives the partitions to others. Default 300,000. */
  readonly maxPollIntervalMs?: number;
  /** A silent member is dropped after this, ms. Brokers take 6,000 to 1,800,000 by default. Default 10,000. */
  readonly sessionTimeoutMs?: number;
  /** How long a broker holds a fetch that finds nothing, ms. Default 500. */
  readonly fetchWaitMs?: number;
}

/** The properties of a group's member that does everything by hand: offsets, assignment, commits. */
export function consumerSettings(client: ClientProperties, options: ConsumerOptions): ClientProperties {
  return {
    ...client,
    "group.id": options.groupId,
    // Redpanda has no KIP-848.
    "group.protocol": "classic",
    // A member that comes or goes moves only the partitions that have to move; the others are read on.
    "partition.assignment.strategy": "cooperative-sticky",
    // Offsets live in the service's own store; what is committed to the broker is a copy, made when we say so.
    "enable.auto.commit": false,
    "enable.auto.offset.store": false,
    // An offset out of range is a fact to judge, never a jump to one end.
    "auto.offset.reset": "error",
    // Topics are created explicitly; a misspelt name must be an error, not a new topic.
    "allow.auto.create.topics": false,
    "max.poll.interval.ms": options.maxPollIntervalMs ?? 300_000,
    // librdkafka beats from a thread of its own, so only a dead or frozen process is silent for this long.
    "session.timeout.ms": options.sessionTimeoutMs ?? 10_000,
    "heartbeat.interval.ms": 1_000,
    // A broker answers as soon as there is a record: this is only how often an idle consumer asks.
    "fetch.wait.max.ms": options.fetchWaitMs ?? 500,
    // Bounds what is fetched ahead, for flat memory: the defaults are 100,000 messages a partition and 64 MiB ...
    "queued.min.messages": 10_000,
    "queued.max.messages.kbytes": 16_384,
    // ... and once at the bound, go on soon after it falls below: 1,000 by default, in which a busy reader runs dry.
    "fetch.queue.backoff.ms": 20,
  };
}

function brokerProblems(brokers: string | undefined): string[] {
  if (!brokers?.trim()) return ["KAFKA_BROKERS is not set: give host:port, several with commas"];
  return brokers.split(",").flatMap((entry, index) => {
    const port = Number(/^\s*(?:\[[0-9a-f:.]+\]|[^\s:/@[\]]+):(\d{1,5})\s*$/i.exec(entry)?.[1] ?? 0);
    if (port >= 1 && port <= 65_535) return [];
    const shown = entry.includes("@") ? `entry ${index + 1}` : `"${entry.trim()}"`; // before an @ there may be a password
    return [`KAFKA_BROKERS: ${shown} is not host:port`];
  });
}

function securityProblems(environment: Environment, protocol: string, features: ClientFeatures): string[] {
  const problems: string[] = [];
  const isSet = (variable: keyof typeof SECURITY_VARIABLES) => Boolean(environment[variable]);
  const sasl = ["KAFKA_SASL_MECHANISM", "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"] as const;
  const tls = ["KAFKA_TLS_CA_FILE", "KAFKA_TLS_CERT_FILE", "KAFKA_TLS_KEY_FILE", "KAFKA_TLS_KEY_PASSWORD"] as const;
  const wantsSasl = protocol.startsWith("SASL_");
  const wantsTls = protocol.endsWith("SSL");
  for (const variable of sasl) {
    if (wantsSasl && !isSet(variable)) problems.push(`${variable} is not set, but KAFKA_SECURITY_PROTOCOL=${protocol}`);
    if (!wantsSasl && isSet(variable)) problems.push(unused(variable, protocol, "SASL_SSL or SASL_PLAINTEXT"));
  }
  for (const variable of tls) {
    if (!wantsTls && isSet(variable)) problems.push(unused(variable, protocol, "SSL or SASL_SSL"));
  }
  if (isSet("KAFKA_TLS_CERT_FILE") !== isSet("KAFKA_TLS_KEY_FILE")) {
    problems.push("KAFKA_TLS_CERT_FILE and KAFKA_TLS_KEY_FILE go together: one of them is not set");
  }
  const mechanism = environment.KAFKA_SASL_MECHANISM?.toUpperCase();
  if (mechanism && !MECHANISMS.includes(mechanism)) {
    problems.push(`KAFKA_SASL_MECHANISM is none of ${MECHANISMS.join(", ")}`);
  }
  if (wantsTls && features.missing.tls) problems.push(`KAFKA_SECURITY_PROTOCOL=${protocol}: ${features.missing.tls}`);
  if (wantsSasl && mechanism?.startsWith("SCRAM") && features.missing.scram) {
    problems.push(`KAFKA_SASL_MECHANISM=${mechanism}: ${features.missing.scram}`);
  }
  return [...problems, ...misspelt(environment)];
}

function unused(variable: string, protocol: string, fitting: string): string {
  return `${variable} is set, but KAFKA_SECURITY_PROTOCOL=${protocol} does not use it: set it to ${fitting}`;
}

/** A misspelt KAFKA_SASL_USER would otherwise be no setting at all. Other KAFKA_ names may be the platform's own. */
function misspelt(environment: Environment): string[] {
  const known = Object.keys(SECURITY_VARIABLES);
  return Object.keys(environment)
    .filter((name) => /^KAFKA_(SASL|TLS|SSL)_/.test(name) && !known.includes(name))
    .map((name) => `${name} is not a setting; these are: ${known.join(", ")}`);
}
