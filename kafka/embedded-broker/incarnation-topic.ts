/** Where each start writes its one record: 32 hexadecimal digits. Another record than before: all messages are gone. */
export const INCARNATION_TOPIC = "__embedded_broker_incarnation";
