// What librdkafka itself costs: the same work as work.ts, in C, with nothing of JavaScript around it.
// It stands for upstream's rdkafka_performance, whose source is not in the npm package: the same calls, with the settings,
// keys and batches of the other rows, so that the difference is the price of the joint and of the JavaScript layer.
//
//   librdkafka-limit produce|consume BROKERS TOPIC MESSAGES VALUE_BYTES HEADERS
//
// Prints one JSON line: {"messages":N,"wallMs":N,"cpuMs":N}; ends with 1 and a reason when anything failed.
#include <rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { BATCH = 500, ERROR_BYTES = 512, GIVE_UP_MS = 60000 };

static long delivered, failed;
static double wall_start, cpu_start;

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
  (void)client, (void)opaque;
  if (message->err)
    failed++;
  else
    delivered++;
}

static _Noreturn void fail(const char *what) {
  fprintf(stderr, "librdkafka-limit: %s\n", what);
  exit(1);
}

static double wall_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static double cpu_ms(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
         (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

static void set(rd_kafka_conf_t *settings, const char *name, const char *value) {
  char error[ERROR_BYTES];
  if (rd_kafka_conf_set(settings, name, value, error, sizeof error) != RD_KAFKA_CONF_OK) fail(error);
}

static void produce(const char *brokers, const char *topic, long messages, size_t value_bytes, int headers) {
  char error[ERROR_BYTES];
  rd_kafka_conf_t *settings = rd_kafka_conf_new();
  set(settings, "bootstrap.servers", brokers);
  set(settings, "enable.idempotence", "true");
  set(settings, "linger.ms", "1");
  set(settings, "partitioner", "murmur2_random");
  rd_kafka_conf_set_dr_msg_cb(settings, on_delivery);
  rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, settings, error, sizeof error);
  if (!client) fail(error);
  char *value = malloc(value_bytes);
  memset(value, 'x', value_bytes);
  for (long sent = 0; sent < messages;) {
    // The first message fetches metadata and the producer's id: the clocks start after it.
    if (sent == 1) wall_start = wall_ms(), cpu_start = cpu_ms();
    // As the relay does: the next batch when the reports of this one are in.
    const long end = sent == 0 ? 1 : sent + BATCH;
    for (; sent < end && sent < messages; sent++) {
      char key[40];
      const int key_bytes = snprintf(key, sizeof key, "0190b5d0-0000-7000-8000-%012ld", sent);
      rd_kafka_headers_t *list = rd_kafka_headers_new(headers);
      for (int h = 0; h < headers; h++) {
        char name[24];
        snprintf(name, sizeof name, "header-%d", h);
        rd_kafka_header_add(list, name, -1, "application/cloudevents+json", -1);
      }
      if (rd_kafka_producev(client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_KEY(key, key_bytes),
                            RD_KAFKA_V_VALUE(value, value_bytes), RD_KAFKA_V_HEADERS(list),
                            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END))
        fail("a message was refused");
    }
    while (delivered + failed < sent) rd_kafka_poll(client, 10);
  }
  if (failed) fail("messages were not delivered");
  free(value);
  rd_kafka_destroy(client);
}

static void consume(const char *brokers, const char *topic, long messages) {
  char error[ERROR_BYTES];
  rd_kafka_conf_t *settings = rd_kafka_conf_new();
  set(settings, "bootstrap.servers", brokers);
  set(settings, "group.id", "bench-limit");
  set(settings, "auto.offset.reset", "earliest");
  set(settings, "enable.auto.commit", "false");
  rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, settings, error, sizeof error);
  if (!client) fail(error);
  rd_kafka_poll_set_consumer(client);
  rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
  rd_kafka_subscribe(client, topics);
  rd_kafka_topic_partition_list_destroy(topics);
  const double end = wall_ms() + GIVE_UP_MS;
  rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(client);
  rd_kafka_message_t *batch[BATCH];
  for (long seen = 0; seen < messages;) {
    if (wall_ms() > end) fail("gave up waiting for messages");
    const ssize_t count = rd_kafka_consume_batch_queue(queue, 100, batch, BATCH);
    if (count > 0 && seen == 0) wall_start = wall_ms();  // joining the group is not what is measured
    for (ssize_t i = 0; i < count; i++) {
      rd_kafka_headers_t *list;
      if (batch[i]->err) fail(rd_kafka_message_errstr(batch[i]));
      rd_kafka_message_headers(batch[i], &list);
      rd_kafka_message_destroy(batch[i]);
      seen++;
    }
  }
  rd_kafka_queue_destroy(queue);
  rd_kafka_consumer_close(client);
  rd_kafka_destroy(client);
}

int main(int argc, char **argv) {
  if (argc != 7) fail("usage: librdkafka-limit produce|consume BROKERS TOPIC MESSAGES VALUE_BYTES HEADERS");
  const long messages = atol(argv[4]);
  wall_start = wall_ms(), cpu_start = cpu_ms();
  if (strcmp(argv[1], "produce") == 0)
    produce(argv[2], argv[3], messages, (size_t)atol(argv[5]), atoi(argv[6]));
  else
    consume(argv[2], argv[3], messages);
  printf("{\"messages\":%ld,\"wallMs\":%.1f,\"cpuMs\":%.1f}\n", messages, wall_ms() - wall_start, cpu_ms() - cpu_start);
  return 0;
}
