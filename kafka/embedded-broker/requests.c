// "No request, however wrong, ends the broker." librdkafka's handlers are made for librdkafka's own tests: a length
// that lies, a missing string or a second JoinGroup makes them abort or read what is not theirs. So a request reaches
// them only when every field of it is there and sane. Offered is what Apache Kafka 2.3 offered (before "flexible"
// versions, whose fields cannot be checked by so small a table), without transactions and administration.
#include "broker.h"

enum { MAX_ENTRIES = 20000 };

atomic_bool serving;

// Fields: 1 2 4 8 = integer of so many bytes; s = string; n = string or null; m = metadata, any bytes or null; b = bytes;
// [..] = array; {..} = array or null. The versions are those of https://kafka.apache.org/protocol#protocol_messages
static const struct shape {
  int16_t key, from, to;
  const char *fields;
} shapes[] = {
    {RD_KAFKAP_Produce, 3, 8, "n24[s[4b]]"},
    {RD_KAFKAP_Fetch, 4, 4, "44441[s[484]]"},
    {RD_KAFKAP_Fetch, 5, 6, "44441[s[4884]]"},
    {RD_KAFKAP_Fetch, 7, 8, "4444144[s[4884]][s[4]]"},
    {RD_KAFKAP_Fetch, 9, 10, "4444144[s[44884]][s[4]]"},
    {RD_KAFKAP_Fetch, 11, 11, "4444144[s[44884]][s[4]]s"},
    {RD_KAFKAP_ListOffsets, 1, 1, "4[s[48]]"},
    {RD_KAFKAP_ListOffsets, 2, 3, "41[s[48]]"},
    {RD_KAFKAP_ListOffsets, 4, 5, "41[s[448]]"},
    {RD_KAFKAP_Metadata, 0, 0, "[s]"},
    {RD_KAFKAP_Metadata, 1, 3, "{s}"},
    {RD_KAFKAP_Metadata, 4, 7, "{s}1"},
    {RD_KAFKAP_Metadata, 8, 8, "{s}111"},
    {RD_KAFKAP_OffsetCommit, 2, 4, "s4s8[s[48m]]"},
    {RD_KAFKAP_OffsetCommit, 5, 5, "s4s[s[48m]]"},
    {RD_KAFKAP_OffsetCommit, 6, 6, "s4s[s[484m]]"},
    {RD_KAFKAP_OffsetCommit, 7, 7, "s4sn[s[484m]]"},
    {RD_KAFKAP_OffsetFetch, 1, 1, "s[s[4]]"},
    {RD_KAFKAP_OffsetFetch, 2, 5, "s{s[4]}"},
    {RD_KAFKAP_FindCoordinator, 0, 0, "s"},
    {RD_KAFKAP_FindCoordinator, 1, 2, "s1"},
    {RD_KAFKAP_JoinGroup, 0, 0, "s4ss[sb]"},
    {RD_KAFKAP_JoinGroup, 1, 4, "s44ss[sb]"},
    {RD_KAFKAP_JoinGroup, 5, 5, "s44sns[sb]"},
    {RD_KAFKAP_Heartbeat, 0, 2, "s4s"},
    {RD_KAFKAP_Heartbeat, 3, 3, "s4sn"},
    {RD_KAFKAP_LeaveGroup, 0, 2, "ss"},
    {RD_KAFKAP_SyncGroup, 0, 2, "s4s[sb]"},
    {RD_KAFKAP_SyncGroup, 3, 3, "s4sn[sb]"},
    {RD_KAFKAP_ApiVersion, 0, INT16_MAX, ""}, // its answer says which versions we take, whatever it was asked in
    {RD_KAFKAP_InitProducerId, 0, 1, "n4"},
    {RD_KAFKAP_OffsetForLeaderEpoch, 2, 2, "[s[444]]"},
};

static int gate(connection_t *connection, rd_kafka_buf_t *request);

// Stands in place of librdkafka's own table: versions from, to, first flexible (none), handler.
const struct rd_kafka_mock_api_handler __wrap_rd_kafka_mock_api_handlers[RD_KAFKAP__NUM] = {
    [0 ... RD_KAFKAP__NUM - 1] = {0, 0, -1, NULL},
    [RD_KAFKAP_Produce] = {3, 8, -1, gate},
    [RD_KAFKAP_Fetch] = {4, 11, -1, gate},
    [RD_KAFKAP_ListOffsets] = {1, 5, -1, gate},
    [RD_KAFKAP_Metadata] = {0, 8, -1, gate},
    [RD_KAFKAP_OffsetCommit] = {2, 7, -1, gate},
    [RD_KAFKAP_OffsetFetch] = {1, 5, -1, gate},
    [RD_KAFKAP_FindCoordinator] = {0, 2, -1, gate},
    [RD_KAFKAP_JoinGroup] = {0, 5, -1, gate},
    [RD_KAFKAP_Heartbeat] = {0, 3, -1, gate},
    [RD_KAFKAP_LeaveGroup] = {0, 2, -1, gate},
    [RD_KAFKAP_SyncGroup] = {0, 3, -1, gate},
    [RD_KAFKAP_ApiVersion] = {0, 2, -1, gate},
    [RD_KAFKAP_InitProducerId] = {0, 1, -1, gate},
    [RD_KAFKAP_OffsetForLeaderEpoch] = {2, 2, -1, gate},
};
extern const struct rd_kafka_mock_api_handler __real_rd_kafka_mock_api_handlers[RD_KAFKAP__NUM];

int64_t read_int(rd_slice_t *in, int width) {
  unsigned char bytes[8];
  if (rd_slice_read(in, bytes, (size_t)width) != (size_t)width) return INT64_MIN;
  uint64_t value = bytes[0] & 0x80 ? UINT64_MAX : 0;
  for (int i = 0; i < width; i++) value = value << 8 | bytes[i];
  return (int64_t)value;
}

rd_kafkap_str_t read_string(rd_slice_t *in) {
  rd_kafkap_str_t string = {.len = (int32_t)read_int(in, 2), .str = ""};
  if (string.len > 0) string.str = rd_slice_ensure_contig(in, (size_t)string.len);
  return string;
}

static bool skip_string(rd_slice_t *in, bool may_be_null) {
  int64_t length = read_int(in, 2);
  if (length <= 0) return length == 0 || (may_be_null && length == -1);
  const char *string = rd_slice_ensure_contig(in, (size_t)length);
  // librdkafka takes some of them for C strings.
  return string && !memchr(string, 0, (size_t)length);
}

// Upstream's client ends the metadata of a commit with a null byte.
static bool skip_metadata(rd_slice_t *in) {
  int64_t length = read_int(in, 2);
  return length == -1 || length == 0 || (length > 0 && rd_slice_ensure_contig(in, (size_t)length));
}

static bool skip_bytes(rd_slice_t *in) {
  int64_t length = read_int(in, 4);
  return length == 0 || (length > 0 && rd_slice_ensure_contig(in, (size_t)length));
}

static const char *past_array(const char *fields) {
  for (int depth = 1; depth; fields++) depth += (*fields == '[' || *fields == '{') - (*fields == ']' || *fields == '}');
  return fields;
}

static int entries_left; // of all arrays of the request at hand: an answer is many times as long as what asks for it

// Whether what `in` has left begins with these fields.
static bool fits(rd_slice_t *in, const char *fields) {
  for (; *fields && *fields != ']' && *fields != '}'; fields++) {
    if (*fields == 's' || *fields == 'n') {
      if (!skip_string(in, *fields == 'n')) return false;
    } else if (*fields == 'm') {
      if (!skip_metadata(in)) return false;
    } else if (*fields == 'b') {
      if (!skip_bytes(in)) return false;
    } else if (*fields == '[' || *fields == '{') {
      int64_t count = read_int(in, 4);
      if (count < 0 && !(*fields == '{' && count == -1)) return false;
      while (count-- > 0)
        if (--entries_left < 0 || !fits(in, fields + 1)) return false;
      fields = past_array(fields + 1) - 1;
    } else {
      size_t width = (size_t)(*fields - '0');
      if (rd_slice_read(in, NULL, width) != width) return false;
    }
  }
  return true;
}

static const struct shape *shape_of(const rd_kafka_buf_t *request) {
  int16_t key = request->rkbuf_reqhdr.ApiKey, version = request->rkbuf_reqhdr.ApiVersion;
  for (size_t i = 0; i < RD_ARRAYSIZE(shapes); i++)
    if (shapes[i].key == key && shapes[i].from <= version && version <= shapes[i].to) return &shapes[i];
  return NULL;
}

int requests_handle(connection_t *connection, rd_kafka_buf_t *request) {
  return __real_rd_kafka_mock_api_handlers[request->rkbuf_reqhdr.ApiKey].cb(connection, request);
}

static int produce(connection_t *connection, rd_kafka_buf_t *request) {
  rd_slice_t in = request->rkbuf_reader;
  read_string(&in); // transactional id
  bool awaits_answer = read_int(&in, 2) != 0;
  int result = requests_handle(connection, request);
  if (result == 0 && !awaits_answer) {
    // With acks=0 a producer waits for none: it would take this one for the next request's.
    rd_kafka_buf_t *answer = NULL, *each;
    TAILQ_FOREACH(each, &connection->outbufs.rkbq_bufs, rkbuf_link) answer = each;
    rd_kafka_bufq_deq(&connection->outbufs, answer);
    rd_kafka_buf_destroy(answer);
  }
  fetch_wake();
  return result;
}

static int init_producer(connection_t *connection, rd_kafka_buf_t *request) {
  rd_slice_t in = request->rkbuf_reader;
  if (read_string(&in).len == RD_KAFKAP_STR_LEN_NULL) return requests_handle(connection, request);
  // The mock's transactions are not real: better none than one that holds nothing together.
  rd_kafka_buf_t *answer = rd_kafka_mock_buf_new_response(request);
  rd_kafka_buf_write_i32(answer, 0); // throttle time
  rd_kafka_buf_write_i16(answer, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
  rd_kafka_buf_write_i64(answer, -1); // producer id
  rd_kafka_buf_write_i16(answer, -1); // producer epoch
  rd_kafka_mock_connection_send_response(connection, answer);
  return 0;
}

// -1 closes the connection: what Kafka does with a request that it cannot read.
static int gate(connection_t *connection, rd_kafka_buf_t *request) {
  if (!atomic_load(&serving)) return -1;
  const struct shape *shape = shape_of(request);
  rd_slice_t in = request->rkbuf_reader;
  entries_left = MAX_ENTRIES;
  if (!shape || !fits(&in, shape->fields)) return -1;
  fetch_answer_waiting(connection);
  switch (request->rkbuf_reqhdr.ApiKey) {
  case RD_KAFKAP_Fetch: return fetch(connection, request);
  case RD_KAFKAP_JoinGroup: return groups_join(connection, request);
  case RD_KAFKAP_SyncGroup: return groups_sync(connection, request);
  case RD_KAFKAP_LeaveGroup: return groups_leave(connection, request);
  case RD_KAFKAP_OffsetCommit: return groups_commit(connection, request);
  case RD_KAFKAP_InitProducerId: return init_producer(connection, request);
  case RD_KAFKAP_Produce: return produce(connection, request);
  default: return requests_handle(connection, request);
  }
}

// Topics are named when the broker is started. A request for another one makes none: librdkafka's handler gets an empty
// one, of nobody, and the answer is an error.
rd_kafka_mock_topic_t *__wrap_rd_kafka_mock_topic_auto_create(cluster_t *cluster, const char *name, int partitions,
                                                              rd_kafka_resp_err_t *error) {
  static rd_kafka_mock_topic_t none;
  (void)cluster, (void)name, (void)partitions;
  *error = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
  return &none;
}
