// What a deployed worker stands on, in one small program: the Kafka client and libSQL. Takes the file of a database.
import kafka from "@confluentinc/kafka-javascript";
import { createClient } from "@libsql/client";
import { clientFeatures } from "#kafka/build/features.mjs";

const [file] = process.argv.slice(2);
const producer = new kafka.Producer({ "bootstrap.servers": "127.0.0.1:1" });
const database = createClient({ url: `file:${file}` });
await database.execute("CREATE TABLE orders (id TEXT)");
await database.execute("INSERT INTO orders VALUES ('one')");
const { rows } = await database.execute("SELECT id FROM orders");
database.close();
console.log(
  JSON.stringify({
    librdkafka: kafka.librdkafkaVersion,
    producer: typeof producer.connect,
    rows: rows.map(({ id }) => id),
    available: clientFeatures().available,
  }),
);
