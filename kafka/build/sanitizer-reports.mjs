// Whose a report of a sanitizer is. ThreadSanitizer reports races inside Node and Java, inside librdkafka and in upstream's sources too.
import { spawnSync } from "node:child_process";

/** @typedef {"ours" | "upstream's" | "librdkafka's" | "the host's"} Owner */

/** By a call of a stack. @type {readonly (readonly [RegExp, Owner])[]} */
const OWNERS = [
  [/\/kafka\/(?:native|build)\//, "ours"],
  // Its C is compiled without lines.
  [/\/librdkafka\/|:\?$|\?\?:/, "librdkafka's"],
  [/\/kafka-javascript\/src\//, "upstream's"],
];

/**
 * The reports in what a sanitizer wrote, with the functions and lines of its bare addresses.
 * @param {string} text
 * @param {string} addon the .node file
 * @returns {string[]}
 */
export function readReports(text, addon) {
  const reports = text.split(/^=+$/m).filter((part) => part.includes("WARNING: ") || part.includes("ERROR: "));
  const bare = /<null> <null> \(\S+\.node\+(0x[0-9a-f]+)\)/g;
  return reports.map((report) => report.replaceAll(bare, (whole, address) => nameOf(addon, address) ?? whole));
}

/**
 * Whose it is, and in which calls. A race is whose code made either access: ours when one of them is, so that none of ours
 * hides behind another's.
 * @param {string} report
 * @returns {{ owner: Owner, calls: string[] }}
 */
export function judge(report) {
  const [accesses = ""] = report.split(/^ {2}(?:Location|Mutex|Thread) /m);
  const judged = accesses
    .split(/^ {2}\S.*:$/m)
    .slice(1)
    .map(judgeStack);
  const calls = judged.map(({ call }) => call);
  // Wrong addresses count whoever has them.
  if (!report.includes("data race") || judged.some(({ owner }) => owner === "ours")) return { owner: "ours", calls };
  return { owner: judged.find(({ owner }) => owner !== "the host's")?.owner ?? "the host's", calls };
}

/**
 * By the innermost call that is anybody's: neither the sanitizer's nor the standard library's.
 * @param {string} stack innermost call first
 * @returns {{ owner: Owner, call: string }}
 */
function judgeStack(stack) {
  const calls = stack.split("\n").filter((line) => /^ +#\d/.test(line) && !line.includes("/libsanitizer/"));
  for (const call of calls) {
    const owner = /\(node\+0x/.test(call) ? "the host's" : OWNERS.find(([mark]) => mark.test(call))?.[1];
    if (owner) return { owner, call: call.trim().replace(/^#\d+ /, "") };
  }
  return { owner: "the host's", call: calls[0]?.trim() ?? "" };
}

/**
 * @param {string} addon
 * @param {string} address
 */
function nameOf(addon, address) {
  const { stdout } = spawnSync("addr2line", ["-Cfe", addon, address], { encoding: "utf8" });
  const [name, place] = (stdout ?? "").split("\n");
  return name && place ? `${name} ${place}` : undefined;
}
