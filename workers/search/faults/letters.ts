import { type Closing, type LetterHandling, type LetterStep, shippedHandling } from "../letter-handling.ts";
import type { Delivery } from "../services.ts";

/** A way to handle dead letters wrongly. The services decide as shipped, so only what becomes of letters can show it. */
export interface LetterFault {
  readonly name: string;
  readonly handling: LetterHandling;
  /** How many orders and how many letters at a time it takes for anything to go wrong. */
  readonly needs: { readonly orders: 1 | 2; readonly letters: 1 | 2 };
}

export const letterFaults: readonly LetterFault[] = [
  {
    name: "a message is passed over, and no letter kept",
    needs: { orders: 1, letters: 1 },
    handling: { ...shippedHandling, keeps: () => [] },
  },
  closing("heal closes the letter, and publishes nothing", [1, 1], "healed", (_shipped, letter) => only(letter)),
  closing("replay closes the letter, and decides nothing", [1, 1], "replayed", (_shipped, letter) => only(letter)),
  closing("discard takes a genuine message for junk", [1, 1], "discarded", (_shipped, letter) => only(letter)),
  closing(
    "a cancel request or a void can be dropped",
    [1, 1],
    "discarded",
    (shipped, letter) => shipped ?? only(letter),
  ),
  closing("nothing can be discarded", [1, 1], "discarded", () => undefined),
  {
    name: "what cannot be discarded can be neither healed nor replayed",
    needs: { orders: 1, letters: 1 },
    handling: {
      ...shippedHandling,
      close: (step, letter, ...rest) =>
        letter.discard === undefined ? undefined : shippedHandling.close(step, letter, ...rest),
    },
  },
  closing(
    "heal closes all letters of the order, and publishes one message",
    [1, 2],
    "healed",
    (shipped, letter, all) => ({
      ...shipped,
      closes: all.filter(({ order }) => order === letter.order),
    }),
  ),
  closing("heal publishes the other order's message", [2, 1], "healed", (shipped, letter, _all, published) => ({
    ...shipped,
    sends: [published.find((each) => isTwin(each, letter)) ?? letter],
  })),
  closing("replay decides the other order's message", [2, 1], "replayed", (shipped, letter, _all, published) => ({
    ...shipped,
    decides: [published.find((each) => isTwin(each, letter)) ?? letter],
  })),
  closing("replay closes the other order's letter too", [2, 2], "replayed", (shipped, letter, all) => ({
    ...shipped,
    closes: [letter, ...all.filter((each) => isTwin(each, letter))],
  })),
  closing("discard decides the other order's letter", [2, 2], "discarded", (shipped, letter, all) => {
    const { to, discard } = all.find((each) => isTwin(each, letter)) ?? letter;
    return discard === undefined ? undefined : { ...shipped, decides: [{ to, message: discard }] };
  }),
  {
    name: "a message waits behind the other order's dead letter of its topic",
    needs: { orders: 2, letters: 1 },
    handling: { ...shippedHandling, reads: (delivery, letters) => !letters.some((each) => isTwin(each, delivery)) },
  },
  {
    name: "a reader reads nothing of an order while it has a dead letter of another",
    needs: { orders: 2, letters: 1 },
    handling: {
      ...shippedHandling,
      reads: ({ to, order }, letters) => !letters.some((each) => each.to === to && each.order !== order),
    },
  },
];

/** A fault in one step of an operator; what the step closes, publishes and decides is as shipped where nothing else is said. */
function closing(
  name: string,
  [orders, letters]: readonly [1 | 2, 1 | 2],
  wrong: LetterStep,
  twist: (
    shipped: Closing | undefined,
    letter: Delivery,
    letters: readonly Delivery[],
    published: readonly Delivery[],
  ) => Partial<Closing> | undefined,
): LetterFault {
  const close: LetterHandling["close"] = (step, letter, all, published) => {
    const shipped = shippedHandling.close(step, letter, all, published);
    if (step !== wrong) return shipped;
    const wrongly = twist(shipped, letter, all, published);
    // Undefined as in what is shipped: the step is not allowed.
    return wrongly === undefined ? undefined : { ...only(letter), ...wrongly };
  };
  return { name, needs: { orders, letters }, handling: { ...shippedHandling, close } };
}

/** Closed, and nothing done. */
function only(letter: Delivery): Closing {
  return { closes: [letter], sends: [], decides: [] };
}

/** The same message of another order. */
const isTwin = (a: Delivery, b: Delivery) => a.topic === b.topic && a.order !== b.order;
