export interface TestCase {
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
}

/**
 * The tests of a JUnit report as Bun, Deno and Node write it, without the `describe` blocks that Deno lists as tests of their own
 * (their children's names begin with theirs).
 */
export function readJunit(xml: string): TestCase[] {
  const cases: TestCase[] = [];
  for (const [, attributes = "", selfClosed, body = ""] of xml.matchAll(
    /<testcase\b((?:[^>"]|"[^"]*")*?)(?:(\/)>|>([^]*?)<\/testcase>)/g,
  )) {
    const name = unescapeXml(/\bname="([^"]*)"/.exec(attributes)?.[1] ?? "");
    cases.push({ name, outcome: selfClosed ? "passed" : outcomeOf(body) });
  }
  return cases.filter(({ name }) => !cases.some((other) => other.name.startsWith(`${name} > `)));
}

function outcomeOf(body: string): TestCase["outcome"] {
  if (/^\s*<(failure|error)\b/.test(body)) return "failed";
  return /^\s*<skipped\b/.test(body) ? "skipped" : "passed";
}

function unescapeXml(text: string): string {
  const named: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replace(/&(\w+);/g, (whole, entity: string) => named[entity] ?? whole);
}
