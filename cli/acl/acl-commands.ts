import { type Permission, permissionsOf } from "#contracts/permissions.ts";
import { type Service } from "#contracts/topics.ts";

export type AclForm = "rpk" | "kafka-acls";

export interface AclOptions {
  readonly form: AclForm;
  readonly userOf: (service: Service) => string;
  /** Of kafka-acls: the value of --bootstrap-server. */
  readonly brokers: string;
}

/** The commands that let a service do its work, each an argument vector that begins with the tool. */
export function aclCommands(service: Service, { form, userOf, brokers }: AclOptions): string[][] {
  const principal = `User:${userOf(service)}`;
  const command = form === "rpk" ? rpk : kafkaAcls;
  return permissionsOf(service).map((permission) => command(permission, principal, brokers));
}

/** https://docs.redpanda.com/current/reference/rpk/rpk-security/rpk-security-acl-create/ */
function rpk({ resource, names, operations }: Permission, principal: string): string[] {
  const named = ["--operation", operations.join(","), `--${resource}`, names.join(",")];
  return ["rpk", "security", "acl", "create", "--allow-principal", principal, ...named];
}

/** https://kafka.apache.org/documentation/#security_authz_cli */
function kafkaAcls({ resource, names, operations }: Permission, principal: string, brokers: string): string[] {
  const words = { read: "Read", write: "Write", describe: "Describe" };
  const add = ["kafka-acls.sh", "--bootstrap-server", brokers, "--add", "--allow-principal", principal];
  return [
    ...add,
    ...operations.flatMap((operation) => ["--operation", words[operation]]),
    ...names.flatMap((name) => [`--${resource}`, name]),
  ];
}
