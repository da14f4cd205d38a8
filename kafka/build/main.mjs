import { runBuild } from "./run.mjs";

await runBuild();
