import { useRef, useState } from "preact/hooks";
import type { ClosedLetter, DeadLetterSummary } from "#contracts/dead-letters.ts";
import type { RequestError } from "./access.tsx";
import { formTexts } from "./form-texts.ts";
import { askOperators, type Operator } from "./operator.tsx";

type Action = "heal" | "replay" | "discard";

const actions: Readonly<Record<Action, { verb: string; done: string; means: string }>> = {
  heal: {
    verb: "Heal",
    done: "Healed",
    means: "Its writer publishes the message again from its outbox: a good copy heals a corrupt one. The first choice.",
  },
  replay: {
    verb: "Replay",
    done: "Replayed",
    means: "The stored bytes go to the service once more: for after what could not take them was mended.",
  },
  discard: {
    verb: "Discard",
    done: "Discarded",
    means:
      "It is decided that nobody will read it. A step of an order is refused, a verdict is applied, junk is dropped.",
  },
};

interface CloseLetterProps {
  /** Of the letter, below what operators may ask. */
  readonly path: string;
  readonly state: DeadLetterSummary["state"];
  readonly operator: Operator;
  /** Something was done to it, by this operator or by another. */
  readonly onClosed: () => void;
}

/** Three ways to close one. Each says first what it would do, by a dry run, and is asked for a reason. */
export function CloseLetter({ path, state, operator, onClosed }: CloseLetterProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [action, setAction] = useState<Action>("heal");
  const [expected, setExpected] = useState<ClosedLetter | RequestError>();
  const [said, setSaid] = useState("");
  const [isClosing, setClosing] = useState(false);
  const tell = (chosen: Action, why: string, dryRun: boolean) =>
    askOperators<ClosedLetter>(`${path}/${chosen}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ operator: operator.name, why, dryRun }),
    });
  const look = (chosen: Action) => {
    setAction(chosen);
    setExpected(undefined);
    dialog.current?.showModal();
    tell(chosen, "dry run", true).then(setExpected, setExpected);
  };
  const close = async (event: Event) => {
    event.preventDefault();
    const why = formTexts(event).get("why") ?? "";
    setClosing(true);
    try {
      const closed = await tell(action, why, false);
      if (closed.outcome === "done") {
        setSaid(`${actions[action].done}: ${closed.effect}`);
        dialog.current?.close();
      } else setExpected(closed);
      onClosed();
    } catch (error) {
      setExpected(error as RequestError);
    }
    setClosing(false);
  };
  return (
    <>
      {state === "dead" && (
        <div class="buttons start">
          {(Object.keys(actions) as Action[]).map((each) => (
            <button key={each} type="button" class={each === "discard" ? "danger" : ""} onClick={() => look(each)}>
              {actions[each].verb}…
            </button>
          ))}
        </div>
      )}
      <p role="status" class="answer">
        {said}
      </p>
      <dialog ref={dialog} aria-labelledby="close-title" aria-describedby="close-text">
        <Asked
          action={action}
          expected={expected}
          isClosing={isClosing}
          onClose={(event) => void close(event)}
          onLeave={() => dialog.current?.close()}
        />
      </dialog>
    </>
  );
}

interface AskedProps {
  readonly action: Action;
  readonly expected: ClosedLetter | RequestError | undefined;
  readonly isClosing: boolean;
  readonly onClose: (event: Event) => void;
  readonly onLeave: () => void;
}

function Asked({ action, expected, isClosing, onClose, onLeave }: AskedProps) {
  const { verb, means } = actions[action];
  const canBe = isPossible(expected);
  return (
    <>
      <h2 id="close-title">{verb} this letter?</h2>
      <p id="close-text" class="muted">
        {means}
      </p>
      <div role="status">
        <Expected expected={expected} />
      </div>
      <form onSubmit={onClose}>
        {canBe && (
          <label>
            Why, for the trail
            <input name="why" required maxLength={1_000} autocomplete="off" />
          </label>
        )}
        <div class="buttons">
          <button type="button" onClick={onLeave}>
            {canBe ? "Leave it" : "Close"}
          </button>
          {canBe && (
            <button type="submit" class={action === "discard" ? "danger" : "primary"} disabled={isClosing}>
              {isClosing ? "Asking…" : `${verb} it`}
            </button>
          )}
        </div>
      </form>
    </>
  );
}

const isPossible = (expected: ClosedLetter | RequestError | undefined): boolean =>
  expected !== undefined && "outcome" in expected && expected.outcome === "would";

function Expected({ expected }: { expected: ClosedLetter | RequestError | undefined }) {
  if (expected === undefined) return <p>Asking what it would do…</p>;
  if (!("outcome" in expected)) return <p class="notice bad">{expected.message}</p>;
  const { outcome, effect } = expected;
  if (outcome === "cannot") return <p class="notice bad">This cannot be done: {effect}</p>;
  if (outcome === "already") return <p class="notice">Somebody was faster: it is {effect}</p>;
  return (
    <p class="notice calm">
      <strong>It would do this:</strong> {effect}
    </p>
  );
}
