import { accessHelp } from "../admin/access.ts";

export const dlqHelp = `orderwright dlq [groups] [--by service,topic,reason,age,state]   counts them
orderwright dlq list                                             lists them, the newest first
orderwright dlq show LETTER                                      one with its body and what was done to it
orderwright dlq heal|replay|discard LETTER ... | --topic ... | --all

Messages that a service could not take: "dead letters". Nothing waits behind one but its own order. A LETTER is named as "list"
shows it, such as stock/12: the service that could not take it, and its number there.

  heal      has the writer publish the message again from its outbox; first choice: a good copy heals a corrupt one
  replay    gives the stored bytes to the handler of the service that could not take them: after that was mended
  discard   decides that nobody will read it. Where a writer's outbox has it, it is that order's: a step is refused, a verdict
            is applied. Else it is junk, and is dropped. A customer's cancel and a void can only be healed or replayed.
            An outbox lets go of old messages: of an order from before that nobody can know, so it asks

They only say what they would do, until --yes. Each is done once, however often and by however many it is asked for; who did it,
why, and what it did to the order is in the trail ("show", and "orderwright trail").

Which ones:
  --service S            of these services only (may come again)
  --topic T              such as order.start
  --reason R             no-json, schema-violation, unknown-type, wrong-key: it cannot be read. handler-type-error, constraint,
                         unknown-error: the handler could not take it. deadly: the process died of it three times
  --order ID             whose key is this
  --older D, --newer D   set aside longer ago, or less long ago, than 90s, 15m, 2h, 7d
  --all                  all that are dead (for heal, replay and discard)
  --state S              dead, healed, replayed, discarded, any (default: dead; for list and groups)
  --limit N              at most so many of each service (default: 1000)

Doing it:
  --yes                  does it
  --why TEXT             why, for the trail
  --operator NAME        who, for the trail (default: USER)
  --as junk|genuine      for discard, where no outbox goes back so far: what you know it to be

  --json                 for programs
${accessHelp}

Exit code: 0 all is well, 1 a service did not answer or a letter could not be closed, 2 the command line is not understood.`;
