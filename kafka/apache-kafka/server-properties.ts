import { join } from "node:path";
import type { Certificates } from "./certificates.ts";

export interface Ports {
  readonly plaintext: number;
  readonly controller: number;
  readonly sasl: number;
  readonly tls: number;
  readonly saslTls: number;
  readonly mutualTls: number;
}

export interface User {
  readonly name: string;
  readonly password: string;
}

/** One node that is broker and controller; https://kafka.apache.org/documentation/#brokerconfigs */
export function serverProperties(
  folder: string,
  ports: Ports,
  user: User,
  certificates: Certificates | undefined,
  others: readonly User[],
): string {
  const properties = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.quorum.voters": `1@127.0.0.1:${ports.controller}`,
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map":
      "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL,MUTUAL_SSL:SSL",
    "inter.broker.listener.name": "PLAINTEXT",
    "log.dirs": join(folder, "data"),
    // A mistyped name must not make a topic.
    "auto.create.topics.enable": "false",
    ...oneNode,
    // Nobody waits for members that may yet come.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    ...listeners(ports, user, certificates),
    ...(others.length > 0 ? authorization(user) : {}),
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

/** Who is not named here may do nothing without an ACL. Listeners without a login are the test's own and the broker's. */
function authorization(user: User): Record<string, string> {
  return {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": `User:ANONYMOUS;User:${user.name}`,
  };
}

const oneNode = {
  "offsets.topic.replication.factor": "1",
  "offsets.topic.num.partitions": "4",
  "transaction.state.log.replication.factor": "1",
  "transaction.state.log.min.isr": "1",
  "transaction.state.log.num.partitions": "4",
  "share.coordinator.state.topic.replication.factor": "1",
  "share.coordinator.state.topic.min.isr": "1",
};

function listeners(ports: Ports, user: User, certificates: Certificates | undefined): Record<string, string> {
  const open = [
    `PLAINTEXT://127.0.0.1:${ports.plaintext}`,
    `CONTROLLER://127.0.0.1:${ports.controller}`,
    `SASL_PLAINTEXT://127.0.0.1:${ports.sasl}`,
    ...(certificates
      ? [
          `SSL://127.0.0.1:${ports.tls}`,
          `SASL_SSL://127.0.0.1:${ports.saslTls}`,
          `MUTUAL_SSL://127.0.0.1:${ports.mutualTls}`,
        ]
      : []),
  ];
  return {
    listeners: open.join(","),
    "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,OAUTHBEARER",
    ...logins("sasl_plaintext", user),
    ...(certificates ? { ...logins("sasl_ssl", user), ...tls(certificates) } : {}),
  };
}

function logins(listener: string, { name, password }: User): Record<string, string> {
  const security = "org.apache.kafka.common.security";
  return {
    [`listener.name.${listener}.plain.sasl.jaas.config`]: `${security}.plain.PlainLoginModule required user_${name}="${password}";`,
    [`listener.name.${listener}.scram-sha-256.sasl.jaas.config`]: `${security}.scram.ScramLoginModule required;`,
    // Takes any unsigned token that has not expired.
    [`listener.name.${listener}.oauthbearer.sasl.jaas.config`]: `${security}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="${name}";`,
  };
}

function tls({ keystoreFile, caFile }: Certificates): Record<string, string> {
  return {
    "ssl.keystore.type": "PEM",
    "ssl.keystore.location": keystoreFile,
    "ssl.truststore.type": "PEM",
    "ssl.truststore.location": caFile,
    "listener.name.mutual_ssl.ssl.client.auth": "required",
  };
}
