import type { Delivery } from "./services.ts";

/** What an operator may do with a dead letter, in the words of its state afterwards. */
export const letterSteps = ["healed", "replayed", "discarded"] as const;
export type LetterStep = (typeof letterSteps)[number];

/** What a step of an operator comes to. */
export interface Closing {
  /** Letters that are dead no more. */
  readonly closes: readonly Delivery[];
  /** Of which another copy is on its way, that will be read. */
  readonly sends: readonly Delivery[];
  /** What services decide in the transaction that closes the letter. */
  readonly decides: readonly { readonly to: number; readonly message: number }[];
}

/** How dead letters are handled, by readers and operators: section 4 of the design as data, so that it can be got wrong. */
export interface LetterHandling {
  /** Whether a message is read by its reader while these letters are dead. */
  reads(delivery: Delivery, letters: readonly Delivery[]): boolean;
  /** What is dead once this message was set aside. */
  keeps(delivery: Delivery): readonly Delivery[];
  /** Undefined where the step is not allowed. `published` are all deliveries that there can be. */
  close(
    step: LetterStep,
    letter: Delivery,
    letters: readonly Delivery[],
    published: readonly Delivery[],
  ): Closing | undefined;
}

/** A letter is nobody's business but its own: nothing waits for it, and its closing is a message that is read, or its discard. */
export const shippedHandling: LetterHandling = {
  reads: () => true,
  keeps: (delivery) => [delivery],
  close(step, letter) {
    const { to, message, discard } = letter;
    // Another copy is on its way, to this reader and to all others; these may get one at any time anyway.
    if (step === "healed") return { closes: [letter], sends: [letter], decides: [] };
    if (step === "replayed") return { closes: [letter], sends: [], decides: [{ to, message }] };
    return discard === undefined ? undefined : { closes: [letter], sends: [], decides: [{ to, message: discard }] };
  },
};
