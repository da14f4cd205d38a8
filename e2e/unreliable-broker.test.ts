import { describeUnreliableBroker } from "./unreliable-broker.ts";

describeUnreliableBroker({ delayAtMostMs: 40, breaksOneIn: 60 }, 10);
