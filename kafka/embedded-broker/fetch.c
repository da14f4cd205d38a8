// A Fetch that finds nothing waits for the next message. The mock lets it wait for all of its `fetch.wait.max.ms`,
// whatever comes meanwhile; here it is kept, and answered as soon as one of its partitions has something.
#include "broker.h"

struct position {
  const partition_t *partition;
  int64_t offset;
};

struct waiting {
  TAILQ_ENTRY(waiting) link;
  connection_t *connection;
  rd_kafka_buf_t *request;
  rd_kafka_timer_t timer;
  size_t count;
  struct position positions[];
};
static TAILQ_HEAD(, waiting) all_waiting = TAILQ_HEAD_INITIALIZER(all_waiting);

enum { OF_MAX_WAIT = 4, MAX_POSITIONS = 4096, MAX_WAIT_MS = 60000, MAX_ANSWER_BYTES = 64 << 20 };

struct wish {
  int64_t max_wait_ms, max_bytes, least_partition_bytes;
  bool at_once; // something is there, or wrong, or there is too much to keep track of
  size_t count;
  struct position positions[MAX_POSITIONS];
};

static bool has_news(const struct position *position) {
  return position->offset != position->partition->end_offset;
}

static void read_partition(rd_slice_t *in, int version, const rd_kafka_mock_topic_t *topic, struct wish *wish) {
  int32_t id = (int32_t)read_int(in, 4);
  if (version >= 9 && read_int(in, 4) > 0) wish->at_once = true; // a leader epoch that never was
  struct position position = {rd_kafka_mock_partition_find(topic, id), read_int(in, 8)};
  if (version >= 5) read_int(in, 8); // the follower's log start
  int64_t bytes = read_int(in, 4);
  if (bytes < wish->least_partition_bytes) wish->least_partition_bytes = bytes;
  if (!position.partition || wish->count == MAX_POSITIONS || has_news(&position))
    wish->at_once = true;
  else
    wish->positions[wish->count++] = position;
}

static void read_wish(connection_t *connection, const rd_kafka_buf_t *request, struct wish *wish) {
  int version = request->rkbuf_reqhdr.ApiVersion;
  rd_slice_t in = request->rkbuf_reader;
  read_int(&in, 4); // replica id
  wish->max_wait_ms = read_int(&in, 4);
  read_int(&in, 4); // min bytes: one is enough
  wish->max_bytes = wish->least_partition_bytes = read_int(&in, 4);
  read_int(&in, 1); // isolation level
  if (version >= 7) read_int(&in, 8);
  wish->at_once = false;
  wish->count = 0;
  for (int64_t topics = read_int(&in, 4); topics > 0; topics--) {
    rd_kafkap_str_t name = read_string(&in);
    const rd_kafka_mock_topic_t *topic = rd_kafka_mock_topic_find_by_kstr(connection->broker->cluster, &name);
    for (int64_t partitions = read_int(&in, 4); partitions > 0; partitions--)
      read_partition(&in, version, topic, wish);
  }
}

static int answer(connection_t *connection, rd_kafka_buf_t *request, int64_t least_partition_bytes) {
  // The mock is not to wait on its own account.
  static const char no_wait[4];
  rd_buf_write_update(&request->rkbuf_buf, rd_slice_abs_offset(&request->rkbuf_reader) + OF_MAX_WAIT, no_wait,
                      sizeof no_wait);
  log_set_fetch_bytes(least_partition_bytes);
  return requests_handle(connection, request);
}

static void forget(struct waiting *waiting) {
  TAILQ_REMOVE(&all_waiting, waiting, link);
  rd_kafka_timer_stop(&waiting->connection->broker->cluster->timers, &waiting->timer, rd_true);
  rd_kafka_buf_destroy(waiting->request);
  rd_free(waiting);
}

static void finish(struct waiting *waiting) {
  // It was readable when it came, so this cannot fail; if it does, the connection has lost its order of answers.
  if (answer(waiting->connection, waiting->request, INT32_MAX) == -1)
    rd_kafka_transport_shutdown(waiting->connection->transport);
  forget(waiting);
}

static void on_timer(rd_kafka_timers_t *timers, void *waiting) {
  (void)timers;
  finish(waiting);
}

int fetch(connection_t *connection, rd_kafka_buf_t *request) {
  static struct wish wish;
  read_wish(connection, request, &wish);
  // Without a bound the answer may be as large as the log times the times it is asked for.
  if (wish.max_bytes < 0 || wish.max_bytes > MAX_ANSWER_BYTES) return -1;
  if (wish.at_once || wish.max_wait_ms <= 0) return answer(connection, request, wish.least_partition_bytes);
  struct waiting *waiting = rd_calloc(1, sizeof *waiting + wish.count * sizeof *wish.positions);
  waiting->connection = connection;
  waiting->request = request;
  rd_kafka_buf_keep(request);
  waiting->count = wish.count;
  memcpy(waiting->positions, wish.positions, wish.count * sizeof *wish.positions);
  TAILQ_INSERT_TAIL(&all_waiting, waiting, link);
  int64_t wait_ms = wish.max_wait_ms < MAX_WAIT_MS ? wish.max_wait_ms : MAX_WAIT_MS;
  rd_kafka_timer_start_oneshot(&connection->broker->cluster->timers, &waiting->timer, rd_true, wait_ms * 1000,
                               on_timer, waiting);
  return 0;
}

void fetch_answer_waiting(connection_t *connection) {
  struct waiting *waiting, *next;
  TAILQ_FOREACH_SAFE(waiting, &all_waiting, link, next)
  if (waiting->connection == connection) finish(waiting);
}

void fetch_wake(void) {
  struct waiting *waiting, *next;
  TAILQ_FOREACH_SAFE(waiting, &all_waiting, link, next) {
    size_t i = 0;
    while (i < waiting->count && !has_news(&waiting->positions[i])) i++;
    if (i < waiting->count) finish(waiting);
  }
}

void __real_rd_kafka_mock_cgrps_connection_closed(cluster_t *, connection_t *);
// librdkafka calls it for every connection that closes.
void __wrap_rd_kafka_mock_cgrps_connection_closed(cluster_t *cluster, connection_t *connection) {
  struct waiting *waiting, *next;
  TAILQ_FOREACH_SAFE(waiting, &all_waiting, link, next)
  if (waiting->connection == connection) forget(waiting);
  __real_rd_kafka_mock_cgrps_connection_closed(cluster, connection);
}
