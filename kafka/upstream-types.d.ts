// What upstream's JavaScript has and its own declarations leave out, for the tests and measurements that use upstream's API as it is.
// oxlint-disable-next-line unicorn/require-module-specifiers -- makes this a module, so that it adds to upstream's declarations in place of standing for them
export {};

declare module "@confluentinc/kafka-javascript/types/rdkafka" {
  interface KafkaConsumer {
    /** Whether the timeout of `consume` is waited for the first message only, and then 1 ms for each further one. */
    setDefaultIsTimeoutOnlyForFirstMessage(on: boolean): void;
  }
}
