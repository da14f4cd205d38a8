// What upstream's JavaScript has and its own declarations leave out, for the tests and measurements that use upstream's API as it is.
import "@confluentinc/kafka-javascript/types/rdkafka";

declare module "@confluentinc/kafka-javascript/types/rdkafka" {
  interface KafkaConsumer {
    /** Whether the timeout of `consume` is waited for the first message only, and then 1 ms for each further one. */
    setDefaultIsTimeoutOnlyForFirstMessage(on: boolean): void;
  }
}
