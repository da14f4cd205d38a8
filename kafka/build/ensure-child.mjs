// A start of the build in a process of its own, for tests: PROJECT CACHE, answers with one line of JSON.
import { ensureClient } from "./ensure-client.mjs";

const [projectDir, cacheDir] = process.argv.slice(2);
if (!projectDir || !cacheDir) throw new Error("usage: ensure-child.mjs PROJECT CACHE");
const { built, nodeFile } = await ensureClient({ projectDir, cacheDir });
console.log(JSON.stringify({ built, nodeFile }));
