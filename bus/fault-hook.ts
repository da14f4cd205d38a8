/** Where a test may kill, freeze or fail a process; the same names in every service. */
export type FaultPoint = "before-commit" | "after-commit" | "after-send" | "after-report" | "before-broker-commit";

/** Awaited at each point. What it throws is treated like any failure there. */
export type FaultHook = (point: FaultPoint) => void | Promise<void>;

export const noFaults: FaultHook = () => {};
