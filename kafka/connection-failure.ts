import { type KafkaErrorKind } from "./errors.ts";
import { type ClientLog } from "./upstream.ts";

/** Why a client does not get to its broker. `certain`: trying on changes nothing. */
export interface ConnectionFailure {
  readonly kind: KafkaErrorKind;
  readonly code: string;
  readonly certain: boolean;
  /** `host:port` that it happened at; empty where it is none in particular. */
  readonly broker: string;
  readonly message: string;
}

interface Rule {
  readonly sign: RegExp;
  readonly code: string;
  readonly certain: boolean;
  readonly advice: string;
}

// librdkafka writes the real reason into its log and answers the call with "broker transport failure". Each sign is from a
// line of librdkafka 2.15 that was seen; a line without a sign is passed on as it is.
const RULES: readonly Rule[] = [
  rule(
    /SASL authentication error/,
    "ERR__AUTHENTICATION",
    true,
    "wrong user name or password: check KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD",
  ),
  rule(
    /Unsupported SASL mechanism/,
    "ERR__AUTHENTICATION",
    true,
    "the broker does not offer this SASL mechanism: check KAFKA_SASL_MECHANISM",
  ),
  rule(
    /Request not valid in current SASL state/,
    "ERR__AUTHENTICATION",
    true,
    "this listener does no SASL: check the port and KAFKA_SECURITY_PROTOCOL",
  ),
  rule(
    /certificate verify failed/,
    "ERR__SSL",
    true,
    "the broker's certificate is not signed by a known authority or is not for this host name: check KAFKA_TLS_CA_FILE and the host in KAFKA_BROKERS",
  ),
  rule(
    /connecting to a PLAINTEXT broker listener|wrong version number|packet length too long/,
    "ERR__SSL",
    true,
    "this port does not speak TLS: check the port and KAFKA_SECURITY_PROTOCOL",
  ),
  rule(
    /(?:alert|certificate required|handshake failure)/i,
    "ERR__SSL",
    true,
    "the broker refused the TLS handshake: check KAFKA_TLS_CERT_FILE and KAFKA_TLS_KEY_FILE",
  ),
  rule(
    /Invalid response size 1213486160/,
    "ERR__BAD_MSG",
    true,
    "this port speaks HTTP, not Kafka's protocol: check the port in KAFKA_BROKERS",
  ),
  rule(
    /Invalid response size/,
    "ERR__BAD_MSG",
    true,
    "this port does not speak Kafka's protocol: check the port in KAFKA_BROKERS",
  ),
  rule(
    /Required feature not supported by broker/,
    "ERR__UNSUPPORTED_FEATURE",
    true,
    "this is not a listener for clients (a controller's?): check the port in KAFKA_BROKERS",
  ),
  rule(
    /Failed to resolve/,
    "ERR__RESOLVE",
    false,
    "the host name is not known: check KAFKA_BROKERS and the name server",
  ),
  rule(
    /Connection refused/,
    "ERR__TRANSPORT",
    false,
    "nothing listens at this address: is the broker running, is the port right?",
  ),
  rule(
    /ApiVersionRequest failed: Local: Timed out/,
    "ERR__TIMED_OUT",
    false,
    "the port took the connection and never answered: is it a Kafka broker's?",
  ),
  rule(
    /Disconnected.*state (?:APIVERSION_QUERY|UP)/,
    "ERR__TRANSPORT",
    false,
    "the port closed the connection at our first request: does it want TLS or SASL (KAFKA_SECURITY_PROTOCOL), is it a Kafka broker's?",
  ),
  rule(
    /Connection setup timed out|Connect to .* failed/,
    "ERR__TRANSPORT",
    false,
    "the address cannot be reached: check host, port, firewall",
  ),
];

/** What a line of librdkafka's log says about not getting connected; undefined when it says nothing about that. */
export function connectionFailure(log: ClientLog): ConnectionFailure | undefined {
  if (!["FAIL", "METADATA", "SSL"].includes(log.fac)) return undefined;
  // "[thrd:ssl://h:1/bootstrap]: ssl://h:1/bootstrap: Connect to ... (after 0ms in state CONNECT, 1 identical ...)"
  const text = log.message.replace(/^\[thrd:[^\]]*\]: /, "");
  const [, broker = "", said = text] = /^(?:\w+:\/\/)?(\S+:\d+)\/\S+: (.*)$/s.exec(text) ?? [];
  const reason = said.replace(/ \(after \d+ms in state \w+.*$/s, "");
  // Its file settings, while it makes the client: nothing to do with a broker.
  if (log.fac === "SSL" && !broker) {
    return {
      kind: "fatal",
      code: "ERR__INVALID_ARG",
      certain: false,
      broker,
      message: `a TLS file cannot be used: ${reason}`,
    };
  }
  const found = RULES.find(({ sign }) => sign.test(said));
  if (!found) return { kind: "retriable", code: "ERR__TRANSPORT", certain: false, broker, message: reason };
  return {
    kind: found.certain ? "fatal" : "retriable",
    code: found.code,
    certain: found.certain,
    broker,
    message: `${found.advice} (${reason})`,
  };
}

function rule(sign: RegExp, code: string, certain: boolean, advice: string): Rule {
  return { sign, code, certain, advice };
}
