/** A build that failed for a reason that its message tells in full: no stack is shown to people. */
export class BuildError extends Error {
  name = "BuildError";
}
