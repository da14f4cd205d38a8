import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

// Stands for cc and c++: answers what the build asks, notes each call, writes what -o names. FAKE_SECONDS makes it slow,
// FAKE_WITHOUT names a probe that it cannot link, FAKE_FAILS a source that it refuses.
const COMPILER = `#!/bin/bash
case "$*" in
  --version) echo "fake compiler $(cat "$FAKE_VERSION")"; exit ;;
  -dumpmachine) echo fake-linux-gnu; exit ;;
  *-print-search-dirs*) echo "libraries: =$FAKE_LIBRARIES"; exit ;;
  *" -E "*) printf '#include <...> search starts here:\\n %s\\nEnd of search list.\\n' "$FAKE_LIBRARIES" >&2; exit ;;
esac
echo "compile $$ $*" >> "$FAKE_CALLS"
if [ -n "$FAKE_WITHOUT" ] && [[ "$*" == *"$FAKE_WITHOUT"* ]]; then exit 1; fi
if [ -n "$FAKE_FAILS" ] && [[ "$*" == *"$FAKE_FAILS"* ]]; then echo "$FAKE_FAILS:1: error: nonsense" >&2; exit 1; fi
[[ "$*" == *" -c "* ]] && sleep "\${FAKE_SECONDS:-0}"
while [ $# -gt 0 ]; do [ "$1" = -o ] && echo "$2" > "$2"; shift; done
exit 0
`;
const MAKE = `#!/bin/bash
if [ "$1" = -n ]; then echo 'cc -c one.c -o one.o'; exit; fi
echo "make $*" >> "$FAKE_CALLS"
echo 'cc -c one.c -o one.o'
echo archive > "$2/\${@: -1}"
`;

export interface FakeProject {
  readonly projectDir: string;
  readonly cacheDir: string;
  readonly env: Record<string, string>;
  write(file: string, text: string): void;
  /** Sets the version of the upstream package, as installed and as locked. */
  setPackage(version: string, integrity: string): void;
  /** What the compiler and make were asked so far, a line a call; probes for libraries left out. */
  calls(): string[];
  remove(): void;
}

/** A project in miniature, with a compiler and a make that only pretend: building it takes no time. */
export function createFakeProject(): FakeProject {
  const root = mkdtempSync(join(tmpdir(), "fake-project-"));
  const projectDir = join(root, "project");
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(projectDir, file)), { recursive: true });
    writeFileSync(join(projectDir, file), text);
  };
  const upstream = "node_modules/@confluentinc/kafka-javascript";
  const setPackage = (version: string, integrity: string) => {
    const headers = { version: "1.0.0", integrity: "sha512-headers" };
    const packages = { [`node_modules/node-api-headers`]: headers, [upstream]: { version, integrity } };
    write("package-lock.json", JSON.stringify({ packages }));
    write(`${upstream}/package.json`, JSON.stringify({ version }));
  };
  setPackage("1.0.0", "sha512-upstream");
  write("node_modules/node-api-headers/package.json", JSON.stringify({ version: "1.0.0" }));
  write("node_modules/node-api-headers/include/node_api.h", "");
  write(`${upstream}/src/binding.cc`, "upstream");
  write(`${upstream}/deps/librdkafka/configure`, "exit 0");
  write(`${upstream}/deps/librdkafka/src/rdkafka.h`, "");
  write(`${upstream}/deps/librdkafka/src-cpp/rdkafkacpp.h`, "");
  write("kafka/native/joint.cc", "joint");
  write("kafka/native/include/nan.h", "nan");
  write("kafka/build/targets.mjs", "flags");
  write("compiler-version", "1");
  mkdirSync(join(root, "bin"));
  mkdirSync(join(root, "lib"));
  for (const [name, script] of Object.entries({ cc: COMPILER, "c++": COMPILER, make: MAKE })) {
    writeFileSync(join(root, "bin", name), script);
    chmodSync(join(root, "bin", name), 0o755);
  }
  const callsFile = join(root, "calls");
  const env = {
    PATH: `${join(root, "bin")}:/usr/bin:/bin`,
    FAKE_CALLS: callsFile,
    FAKE_VERSION: join(projectDir, "compiler-version"),
    FAKE_LIBRARIES: join(root, "lib"),
  };
  const calls = () => (existsSync(callsFile) ? readFileSync(callsFile, "utf8").trim().split("\n") : []);
  return {
    projectDir,
    cacheDir: join(root, "cache"),
    env,
    write,
    setPackage,
    calls: () => calls().filter((line) => !line.includes("kafka-client-probe")),
    remove: () => rmSync(root, { recursive: true, force: true, maxRetries: 5 }),
  };
}
