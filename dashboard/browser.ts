import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { type Browser, chromium } from "playwright-core";

// Not the package's own list, which switches the browser's protections off: they are under test.
const args = ["--no-sandbox", "--no-zygote", "--in-process-gpu", "--disable-webgl", "--font-render-hinting=none"];

/**
 * A real Chromium for tests, from npm, or the one that CHROMIUM names.
 * @throws Error that says why no browser can be had here
 */
export async function openBrowser(): Promise<Browser> {
  const given = process.env["CHROMIUM"];
  if (given !== undefined) return chromium.launch({ executablePath: given });
  const { default: packed, inflate } = await import("@sparticuz/chromium");
  const executablePath = await packed.executablePath();
  const libraries = process.env["LD_LIBRARY_PATH"] ?? "";
  if (!isMissingLibraries(executablePath)) return chromium.launch({ executablePath, args });
  // A bare system lacks three of them; the package has them.
  const archive = join(createRequire(import.meta.url).resolve("@sparticuz/chromium"), "../../bin/al2023.tar.br");
  const env = { ...process.env, LD_LIBRARY_PATH: `${await inflate(archive)}/lib:${libraries}` };
  return chromium.launch({ executablePath, args, env });
}

function isMissingLibraries(program: string): boolean {
  return spawnSync("ldd", [program], { encoding: "utf8" }).stdout.includes("not found");
}
