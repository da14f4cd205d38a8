// The embedded broker: librdkafka's mock cluster as a program. No line of librdkafka is edited or copied: its objects
// are linked with `-Wl,--wrap=` for the functions and the table named `__wrap_` here (see kafka/build/targets.mjs), so
// that ours stand before or in place of them. What is below runs on the mock cluster's one thread, unless it says so.
#pragma once

// librdkafka's internal headers must come in this order.
#include "rd.h"
#include "rdkafka_int.h"
#include "rdbuf.h"
#include "rdkafka_mock_int.h"
#include "rdkafka_transport_int.h"

#include <stdatomic.h>
#include <stdbool.h>

typedef rd_kafka_mock_cluster_t cluster_t;
typedef rd_kafka_mock_connection_t connection_t;
typedef rd_kafka_mock_partition_t partition_t;
typedef rd_kafka_mock_msgset_t batch_t;
typedef rd_kafka_resp_err_t kafka_error_t;

enum {
  // What Apache Kafka takes by default (message.max.bytes); a larger batch is answered MSG_SIZE_TOO_LARGE.
  MAX_BATCH_BYTES = 1048588,
  // No request of a client that keeps to that comes near; it bounds what a frame with a wrong length makes us allocate.
  MAX_REQUEST_BYTES = 16 << 20,
};

// ---- log.c: what is kept, and until when

struct limits {
  size_t unread_bytes;    // of all partitions that have readers, together: beyond it, Produce is answered with an error
  size_t unclaimed_bytes; // of one partition that has no readers: beyond it, its oldest batches go
};
extern struct limits limits;

// Makes room for a topic's bookkeeping. `readers` are consumer group ids: what one of them has not committed stays.
// Before serving only.
void log_add_topic(rd_kafka_mock_topic_t *topic, const char **readers, int reader_count);
// Appends without the checks that a client's batch must pass. Before serving only.
void log_append_own(partition_t *partition, const void *batch, size_t length);
// The bytes that the next answers to Fetch may carry for one partition (one batch is always given, whatever its size).
void log_set_fetch_bytes(int64_t bytes);

// ---- batch.c: Kafka's record batches (magic 2)

struct batch_header {
  int64_t producer_id;
  int16_t producer_epoch;
  int32_t base_sequence;
  int32_t record_count;
};
// Answers as a real broker does: CORRUPT_MESSAGE, MSG_SIZE_TOO_LARGE and the like; else fills `header`.
kafka_error_t batch_check(const void *bytes, size_t length, struct batch_header *header);
// Writes a batch with one record, no key. Returns its length; `out` has room for `value_length` + 128, and
// `value_length` is below 64.
size_t batch_of_one(void *out, const void *value, size_t value_length, int64_t timestamp_ms);

// ---- requests.c: what a request must look like before librdkafka's handlers see it

extern atomic_bool serving; // until it is true, every connection is closed at its first request
// Hands a request that was checked to librdkafka's own handler.
int requests_handle(connection_t *connection, rd_kafka_buf_t *request);
// Read one field; the request was checked, so they cannot fail.
int64_t read_int(rd_slice_t *in, int width);
rd_kafkap_str_t read_string(rd_slice_t *in);

// ---- groups.c, fetch.c: requests that librdkafka's handlers answer wrongly, late, or with an abort

int groups_join(connection_t *connection, rd_kafka_buf_t *request);
int groups_sync(connection_t *connection, rd_kafka_buf_t *request);
int groups_leave(connection_t *connection, rd_kafka_buf_t *request);
int groups_commit(connection_t *connection, rd_kafka_buf_t *request);
int fetch(connection_t *connection, rd_kafka_buf_t *request);
// Answers the Fetch that waits on this connection, if any: answers keep the order of their requests.
void fetch_answer_waiting(connection_t *connection);
// Answers every Fetch that waits for what has come.
void fetch_wake(void);
