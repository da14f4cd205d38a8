// What each partition keeps. As it comes, the mock cluster drops batches by size and count, read or not, and finds a
// batch by a scan from the oldest. Here a batch stays until every reader has committed past it and goes with that very
// commit, and it is found by bisection; so neither memory nor the cost of a Fetch grows with what was read.
#include "broker.h"

enum {
  REMEMBERED_PRODUCERS = 32, // of one partition
  REMEMBERED_BATCHES = 5,    // of one producer: as many as an idempotent producer may have in flight
  JOIN_BYTES = 256 << 10,
};

struct producer {
  int64_t id;
  uint64_t used; // the higher, the later
  int16_t epoch;
  int32_t next_sequence;
  int newest;
  struct { int32_t sequence, records; int64_t offset; } batches[REMEMBERED_BATCHES];
};

struct log {
  batch_t **batches; // by offset; `count` of them from `first` on
  size_t first, count, room;
  struct producer *producers;
  int producer_count;
};

struct topic {
  rd_kafka_mock_topic_t *mock;
  struct log *logs;
  const char **readers;
  int reader_count;
  bool ours; // no client writes to it
};

struct limits limits;
static struct topic *topics;
static int topic_count;
static size_t unread_bytes; // in partitions that have readers
static bool said_full;
static size_t fetch_bytes = JOIN_BYTES;
static uint64_t uses;

rd_kafka_resp_err_t __real_rd_kafka_mock_partition_log_append(partition_t *, const rd_kafkap_bytes_t *,
                                                              const rd_kafkap_str_t *, int64_t *);
rd_kafka_mock_committed_offset_t *__real_rd_kafka_mock_commit_offset(partition_t *, const rd_kafkap_str_t *, int64_t,
                                                                     const rd_kafkap_str_t *);

static struct topic *topic_of(const partition_t *partition) {
  for (int i = 0; i < topic_count; i++)
    if (topics[i].mock == partition->topic) return &topics[i];
  return NULL;
}

void log_add_topic(rd_kafka_mock_topic_t *mock, const char **readers, int reader_count) {
  topics = rd_realloc(topics, sizeof *topics * (size_t)(topic_count + 1));
  topics[topic_count++] = (struct topic){mock, rd_calloc((size_t)mock->partition_cnt, sizeof(struct log)), readers,
                                         reader_count, false};
  for (int p = 0; p < mock->partition_cnt; p++) {
    // What goes is decided here alone.
    mock->partitions[p].max_size = SIZE_MAX;
    mock->partitions[p].max_cnt = SIZE_MAX;
  }
}

static void push(struct log *log, batch_t *batch) {
  if (log->first + log->count == log->room) {
    if (log->first > log->room / 2) {
      memmove(log->batches, log->batches + log->first, log->count * sizeof *log->batches);
      log->first = 0;
    } else {
      log->room = log->room ? log->room * 2 : 64;
      log->batches = rd_realloc(log->batches, log->room * sizeof *log->batches);
    }
  }
  log->batches[log->first + log->count++] = batch;
}

static void drop_oldest(partition_t *partition, struct log *log) {
  batch_t *oldest = log->batches[log->first++];
  if (--log->count == 0) log->first = 0;
  partition->start_offset = oldest->last_offset + 1;
  partition->follower_start_offset = partition->start_offset;
  partition->cnt--;
  partition->size -= (size_t)oldest->bytes.len;
  TAILQ_REMOVE(&partition->msgsets, oldest, link);
  rd_free(oldest);
}

static int64_t read_by_all(const struct topic *topic, const partition_t *partition) {
  int64_t lowest = INT64_MAX;
  for (int i = 0; i < topic->reader_count; i++) {
    const rd_kafka_mock_committed_offset_t *committed;
    TAILQ_FOREACH(committed, &partition->committed_offsets, link)
    if (!strcmp(committed->group, topic->readers[i])) break;
    if (!committed) return 0;
    if (committed->offset < lowest) lowest = committed->offset;
  }
  return lowest;
}

static void drop_what_all_have_read(partition_t *partition) {
  struct topic *topic = topic_of(partition);
  if (!topic || !topic->reader_count) return;
  struct log *log = &topic->logs[partition->id];
  int64_t until = read_by_all(topic, partition);
  while (log->count && log->batches[log->first]->last_offset < until) {
    unread_bytes -= (size_t)log->batches[log->first]->bytes.len;
    drop_oldest(partition, log);
  }
  if (unread_bytes < limits.unread_bytes / 2) said_full = false;
}

// Nothing unread is dropped, so when memory is full the producer has to wait: clients retry this error.
static bool full(const struct topic *topic, const partition_t *partition, size_t more) {
  if (!topic->reader_count || unread_bytes + more <= limits.unread_bytes) return false;
  if (!said_full) {
    fprintf(stderr,
            "embedded broker: full, %zu MiB are not read by all their reading groups; %s [%d] is refused until they "
            "commit\n",
            unread_bytes >> 20, topic->mock->name, (int)partition->id);
    said_full = true;
  }
  return true;
}

static struct producer *producer_of(struct log *log, const struct batch_header *header) {
  if (!log->producers) log->producers = rd_calloc(REMEMBERED_PRODUCERS, sizeof *log->producers);
  struct producer *found = NULL, *oldest = log->producers;
  for (int i = 0; i < log->producer_count; i++) {
    if (log->producers[i].id == header->producer_id) found = &log->producers[i];
    if (log->producers[i].used < oldest->used) oldest = &log->producers[i];
  }
  if (found && found->epoch != header->producer_epoch) found->next_sequence = -1;
  if (!found) {
    found = log->producer_count < REMEMBERED_PRODUCERS ? &log->producers[log->producer_count++] : oldest;
    found->next_sequence = -1; // a sequence that we did not see begin (we were restarted) may go on from anywhere
  }
  if (found->next_sequence == -1) {
    found->id = header->producer_id;
    memset(found->batches, 0, sizeof found->batches);
  }
  found->epoch = header->producer_epoch;
  found->used = ++uses;
  return found;
}

static void remember(struct producer *producer, const struct batch_header *header, int64_t offset) {
  producer->newest = (producer->newest + 1) % REMEMBERED_BATCHES;
  producer->batches[producer->newest].sequence = header->base_sequence;
  producer->batches[producer->newest].records = header->record_count;
  producer->batches[producer->newest].offset = offset;
  // Sequences go round after 2^31 - 1.
  producer->next_sequence = (int32_t)(((int64_t)header->base_sequence + header->record_count) & INT32_MAX);
}

static kafka_error_t append(struct topic *topic, partition_t *partition, const rd_kafkap_bytes_t *records,
                       int64_t *offset) {
  rd_kafkap_str_t no_transaction = RD_KAFKAP_STR_INITIALIZER;
  kafka_error_t error = __real_rd_kafka_mock_partition_log_append(partition, records, &no_transaction, offset);
  if (error) return error;
  struct log *log = &topic->logs[partition->id];
  push(log, TAILQ_LAST(&partition->msgsets, rd_kafka_mock_msgset_tailq_s));
  if (topic->reader_count)
    unread_bytes += (size_t)records->len;
  else
    while (log->count > 1 && partition->size > limits.unclaimed_bytes && !topic->ours) drop_oldest(partition, log);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t __wrap_rd_kafka_mock_partition_log_append(partition_t *partition, const rd_kafkap_bytes_t *records,
                                                              const rd_kafkap_str_t *transactional_id,
                                                              int64_t *offset) {
  (void)transactional_id; // transactions are refused at InitProducerId
  struct topic *topic = topic_of(partition);
  if (!topic) return RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
  if (topic->ours) return RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
  struct batch_header header;
  kafka_error_t error = batch_check(records->data, (size_t)records->len, &header);
  if (error) return error;
  struct producer *producer = NULL;
  if (header.producer_id >= 0) {
    producer = producer_of(&topic->logs[partition->id], &header);
    for (int i = 0; i < REMEMBERED_BATCHES; i++) {
      if (producer->batches[i].records != header.record_count) continue;
      if (producer->batches[i].sequence != header.base_sequence) continue;
      *offset = producer->batches[i].offset; // sent again, since our answer was lost
      return RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    if (producer->next_sequence != -1 && producer->next_sequence != header.base_sequence)
      return RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER;
  }
  if (full(topic, partition, (size_t)records->len)) {
    // The batches sent after this one must not overtake it.
    if (producer && producer->next_sequence == -1) producer->next_sequence = header.base_sequence;
    return RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR;
  }
  error = append(topic, partition, records, offset);
  if (!error && producer) remember(producer, &header, *offset);
  return error;
}

void log_append_own(partition_t *partition, const void *batch, size_t length) {
  struct topic *topic = topic_of(partition);
  int64_t offset;
  rd_kafkap_bytes_t bytes = {.len = (int32_t)length, .data = batch};
  append(topic, partition, &bytes, &offset);
  topic->ours = true;
}

rd_kafka_mock_committed_offset_t *__wrap_rd_kafka_mock_commit_offset(partition_t *partition,
                                                                     const rd_kafkap_str_t *group, int64_t offset,
                                                                     const rd_kafkap_str_t *metadata) {
  // A commit past the end is from before a restart. Kept, it would make unread messages count as read.
  if (offset > partition->end_offset) return rd_kafka_mock_committed_offset_find(partition, group);
  rd_kafka_mock_committed_offset_t *committed = __real_rd_kafka_mock_commit_offset(partition, group, offset, metadata);
  drop_what_all_have_read(partition);
  return committed;
}

void log_set_fetch_bytes(int64_t bytes) {
  fetch_bytes = bytes < 0 ? 0 : bytes > JOIN_BYTES ? JOIN_BYTES : (size_t)bytes;
}

// The mock answers a Fetch with one batch a partition. What we hand out is several batches that follow each other, put
// together: good until the next call, and the mock copies it before that.
static const batch_t *joined(const struct log *log, size_t from) {
  static batch_t answer;
  static unsigned char *bytes;
  batch_t *first = log->batches[from];
  size_t length = (size_t)first->bytes.len, until = from + 1, end = log->first + log->count;
  while (until < end && length + (size_t)log->batches[until]->bytes.len <= fetch_bytes)
    length += (size_t)log->batches[until++]->bytes.len;
  if (until == from + 1) return first;
  if (!bytes) bytes = rd_malloc(JOIN_BYTES);
  size_t at = 0;
  for (size_t i = from; i < until; at += (size_t)log->batches[i++]->bytes.len)
    memcpy(bytes + at, log->batches[i]->bytes.data, (size_t)log->batches[i]->bytes.len);
  batch_t all = {
      .first_offset = first->first_offset,
      .last_offset = log->batches[until - 1]->last_offset,
      .leader_epoch = first->leader_epoch,
      .bytes = {.len = (int32_t)length, .data = bytes},
  };
  memcpy(&answer, &all, sizeof all); // a batch has constant members
  return &answer;
}

const batch_t *__wrap_rd_kafka_mock_msgset_find(const partition_t *partition, int64_t offset, rd_bool_t on_follower) {
  (void)on_follower; // there is one broker
  struct topic *topic = topic_of(partition);
  if (!topic || offset < partition->start_offset || offset >= partition->end_offset) return NULL;
  struct log *log = &topic->logs[partition->id];
  size_t low = log->first, high = log->first + log->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (log->batches[middle]->last_offset < offset)
      low = middle + 1;
    else
      high = middle;
  }
  return low < log->first + log->count ? joined(log, low) : NULL;
}
