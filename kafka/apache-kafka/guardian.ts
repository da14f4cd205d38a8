import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A program that is started and killed on demand, and that does not outlive us. */
export interface Guardian {
  start(): void;
  kill9(): Promise<void>;
  /** Kills the program and removes its folder. */
  end(): Promise<void>;
  isRunning(): boolean;
}

// Between us and the program stands a shell that reads from a pipe. However we end, kill -9 included, the pipe ends with
// us; then it kills the program and removes the folder. Signals to our process group are ours to answer, not its own.
const SCRIPT = `
trap '' INT TERM HUP
folder=$1
shift
while read -r command; do
  case $command in
    start) ( "$@" </dev/null >>"$folder/output.log" 2>&1 & echo $! >"$folder/pid"; wait $!; echo exited ) & ;;
    kill) kill -9 "$(cat "$folder/pid")" 2>/dev/null ;;
  esac
done
kill -9 "$(cat "$folder/pid")" 2>/dev/null
wait
rm -rf "$folder"
`;

/** @param folder removed at the end; the program's output goes to `output.log` in it */
export function guard(folder: string, program: readonly string[]): Guardian {
  const shell = spawn("sh", ["-c", SCRIPT, "sh", folder, ...program], { stdio: ["pipe", "pipe", "ignore"] });
  const ended = new Promise<void>((resolve) => shell.once("close", () => resolve()));
  let running = false;
  let onExit = () => {};
  shell.stdin.on("error", () => {});
  createInterface({ input: shell.stdout }).on("line", () => {
    running = false;
    onExit();
  });
  return {
    start: () => {
      running = true;
      shell.stdin.write("start\n");
    },
    kill9: async () => {
      if (!running) return;
      const exited = new Promise<void>((resolve) => (onExit = resolve));
      shell.stdin.write("kill\n");
      await exited;
    },
    end: async () => {
      shell.stdin.end();
      await ended;
    },
    isRunning: () => running,
  };
}
