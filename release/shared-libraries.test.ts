import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { isAbsolute } from "node:path";
import { describe } from "node:test";
import { testUnless } from "#kafka/testing.ts";
import { findNatives } from "../tools/bundle.ts";
import { neededLibraries } from "./shared-libraries.ts";

/** The compiler gives back the bare name of what it does not find. */
const hasArchive = (name: string) =>
  isAbsolute(spawnSync("cc", [`-print-file-name=${name}`], { encoding: "utf8" }).stdout?.trim() ?? "");

describe("the addons that binaries carry", () => {
  for (const [archive, library] of Object.entries({ "libz.a": /^libz\./, "libssl.a": /^libssl\./ })) {
    const unavailable = hasArchive(archive) ? null : `this machine has no ${archive}`;
    testUnless(unavailable, `have ${archive} inside: a slim image may not have its shared library`, async () => {
      const names = neededLibraries(Object.values(await findNatives())).map(({ name }) => name);
      assert.deepEqual(
        names.filter((name) => library.test(name)),
        [],
      );
    });
  }
});
