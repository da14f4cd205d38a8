/** Why the shop cannot be started, in words for a person: no stack trace helps here. */
export class StartError extends Error {
  override readonly name = "StartError";
}
