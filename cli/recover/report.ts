import type { RecoveryReport } from "#contracts/recovery.ts";
import type { Service } from "#contracts/topics.ts";

const linesShown = 20;

/** What a recovery did, or would do, for a person. */
export function reportLines(service: Service, report: RecoveryReport, dryRun: boolean): string[] {
  const { facts, restored, rows, completed, problems, advice, storeReadUntilMs, begins } = report;
  const would = dryRun ? "would be " : "";
  const until =
    storeReadUntilMs === null ? "never read a message" : `last read a message at ${moment(storeReadUntilMs)}`;
  const again = begins.map(({ topic, records }) => `${topic} (${records})`).join(", ");
  return [
    `${dryRun ? "Tried on a copy of the store; nothing was changed." : "Done."} The store of ${service} ${until}.`,
    `  ${facts} messages of ${service} are in its topics; ${restored} of them ${would}put back into its outbox`,
    `  ${rows} orders ${would}learned from them`,
    ...(completed > 0 ? [`  ${completed} messages ${would}published that their decisions had left unpublished`] : []),
    `  ${dryRun ? "then it would read" : "it reads"} again from the beginning: ${again}`,
    ...begins
      .filter(({ skipped }) => skipped > 0)
      .map(({ topic, skipped }) => {
        return `  ${topic}: ${skipped} records are left out, as what was published for them is deleted, and they are not to be decided twice`;
      }),
    ...shown("could not be learned", problems),
    ...shown(dryRun ? "would be for you to do" : "for you to do", advice),
    ...(dryRun ? ["", `To do it: orderwright recover ${service} --yes`] : []),
  ];
}

const moment = (epochMs: number) => new Date(epochMs).toISOString();

function shown(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const more = lines.length > linesShown ? [`    and ${lines.length - linesShown} more`] : [];
  return [`  ${title}:`, ...lines.slice(0, linesShown).map((line) => `    ${line}`), ...more];
}
