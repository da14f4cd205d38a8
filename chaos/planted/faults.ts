/** A fault as somebody might make it, in bus, relay or policy: text of a source file that becomes another. */
export interface PlantedFault {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** What brings it out, as in MonkeyOptions; the poison alone where it is empty. All where it is left out. */
  readonly only?: readonly string[];
}

const moveOffsets = `    const moved = await compareAndSetOffsets(tx, groupId, moves, nowMs);
    if (moved.length < moves.length) throw new PartitionsTakenError(without(moves, moved));
`;

export const plantedFaults: readonly PlantedFault[] = [
  {
    name: "offsets committed before the transaction of their effects",
    only: ["worker killed at a fault point"],
    file: "bus/batch/batch.ts",
    from: `  const result = await write(signal, async (tx, nowMs) => {\n${moveOffsets}`,
    to: `  await write(signal, async (tx, nowMs) => {\n${moveOffsets}    return { result: undefined, outbox: [] };
  });
  const result = await write(signal, async (tx, nowMs) => {\n`,
  },
  {
    name: "a failed delivery report counts as delivered",
    only: ["broker frozen"],
    file: "bus/relay/delivery.ts",
    from: "if (failed.size === 0) return ends;",
    to: "return ends;",
  },
  {
    name: "offsets move past poison, and no dead letter is kept",
    only: [],
    file: "bus/batch/batch.ts",
    from: "const copies = await keepDeadLetters(tx, deadLetters, nowMs);",
    to: "const copies = [];",
  },
  {
    name: "poison takes the rest of its batch with it",
    only: ["worker frozen"],
    file: "bus/batch/batch.ts",
    from: "deadLetters.push(deadLetterOf(record, groupId, position.incarnation, poison));",
    to: "deadLetters.push(deadLetterOf(record, groupId, position.incarnation, poison));\n    break;",
  },
  {
    name: "what is published counts as read by all",
    only: ["broker killed"],
    file: "bus/relay/read-by-all.ts",
    from: 'export function isRead({ ends }: Pick<Round, "ends">, committed: CommittedEnds): boolean {',
    to: 'export function isRead({ ends }: Pick<Round, "ends">, committed: CommittedEnds): boolean {\n  return true;',
  },
  {
    name: "the watermark moves before the delivery report",
    only: ["worker killed at a fault point", "broker unreachable"],
    file: "bus/relay/relay.ts",
    from: "const ends = await delivery.deliver(",
    to: "lane.close(round, {});\n    const ends = await delivery.deliver(",
  },
  {
    name: "what a killed process left in the outbox is not published",
    only: ["worker killed at a fault point", "broker unreachable"],
    file: "bus/relay/relay.ts",
    from: "return { publishedSeq: state.publishedSeq, isNew: false };",
    to: `{
    const [last] = await tx.all<{ seq: number }>(
      sql\`SELECT coalesce(max(seq), 0) AS seq FROM outbox WHERE instance_id = \${instanceId}\`,
    );
    return { publishedSeq: last?.seq ?? 0, isNew: false };
  }`,
  },
  {
    name: "a broker that lost its data is not noticed",
    only: ["broker killed"],
    file: "bus/relay/relay.ts",
    from: "if (state.incarnation === incarnation)",
    to: "if (state.incarnation !== null)",
  },
  {
    name: "a group without offsets begins at the end of the log",
    only: ["broker killed"],
    file: "bus/consume/offset-judge.ts",
    from: 'if (incarnation === PERSISTENT || start === 0) return { kind: "begin", next: start };',
    to: 'return { kind: "begin", next: facts.end };',
  },
  {
    name: "a store that is busy makes messages poison",
    only: ["store locked by another process"],
    file: "bus/batch/error-policy.ts",
    from: 'if (error.kind === "busy" || error.kind === "transient") return "transient";',
    to: 'if (error.kind === "busy" || error.kind === "transient") return "poison";',
  },
  {
    name: "a message under another order's key is taken",
    only: [],
    file: "contracts/envelope.ts",
    from: "if (!isKeyOf(key, envelope.subject)) return",
    to: "if (key !== null && key.length === 0) return",
  },
  {
    name: "one death of the process condemns a message",
    only: ["worker killed twice in a row"],
    file: "bus/batch/chunks.ts",
    from: "const deathLimit = 3;",
    to: "const deathLimit = 1;",
  },
];

/** The project as it is. */
export const noFault: PlantedFault = {
  name: "none",
  file: "package.json",
  from: '"private": true',
  to: '"private": true',
};
