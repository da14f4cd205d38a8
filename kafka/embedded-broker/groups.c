// Consumer groups. The mock's coordinator waits out the whole session timeout in every rebalance but the first, refuses
// a member that syncs after the leader, and aborts on a member that asks twice or with another protocol. These stand
// before its handlers and set that right; what they do not mention is the mock's.
#include "broker.h"

typedef rd_kafka_mock_cgrp_classic_t group_t;
typedef rd_kafka_mock_cgrp_classic_member_t member_t;

enum { MAX_SESSION_MS = 1800000 }; // Kafka's own default limit

// What the leader assigned, kept for those that ask for it after the mock has forgotten it.
struct assignment {
  struct assignment *next;
  char *group, *member;
  int32_t generation;
  rd_kafkap_bytes_t *bytes;
};
static struct assignment *assignments;

void __real_rd_kafka_mock_cgrp_classic_member_assignment_set(group_t *, member_t *, const rd_kafkap_bytes_t *);

void __wrap_rd_kafka_mock_cgrp_classic_member_assignment_set(group_t *group, member_t *member,
                                                             const rd_kafkap_bytes_t *bytes) {
  __real_rd_kafka_mock_cgrp_classic_member_assignment_set(group, member, bytes);
  struct assignment **link = &assignments, *each;
  while ((each = *link)) {
    bool same_group = !strcmp(each->group, group->id);
    if (same_group && (each->generation != group->generation_id || !strcmp(each->member, member->id))) {
      *link = each->next;
      rd_free(each->group);
      rd_free(each->member);
      rd_kafkap_bytes_destroy(each->bytes);
      rd_free(each);
    } else
      link = &each->next;
  }
  each = rd_malloc(sizeof *each);
  *each = (struct assignment){assignments, rd_strdup(group->id), rd_strdup(member->id), group->generation_id,
                              rd_kafkap_bytes_copy(bytes)};
  assignments = each;
}

// The mock does not read a connection whose JoinGroup or SyncGroup waits; so it would not see that its client is gone,
// and hold the connection for ever if the member times out.
void __wrap_rd_kafka_mock_connection_set_blocking(connection_t *connection, rd_bool_t blocking) {
  (void)connection, (void)blocking;
}

static void (*real_session_check)(rd_kafka_timers_t *, void *);

// The mock drops a member whose session has passed together with the answer that it waits for, and leaves its connection
// open: the client would wait for its JoinGroup for minutes, reading on what it had. Who waits for us is there.
static void check_sessions(rd_kafka_timers_t *timers, void *opaque) {
  group_t *group = opaque;
  member_t *member;
  TAILQ_FOREACH(member, &group->members, link)
  if (member->resp) rd_kafka_mock_cgrp_classic_member_active(group, member);
  real_session_check(timers, group);
}

static void guard_sessions(group_t *group) {
  if (!group || group->session_tmr.rtmr_callback == check_sessions) return;
  real_session_check = group->session_tmr.rtmr_callback;
  group->session_tmr.rtmr_callback = check_sessions;
}

static const struct assignment *assignment_of(const group_t *group, const member_t *member) {
  for (const struct assignment *each = assignments; each; each = each->next)
    if (each->generation == group->generation_id && !strcmp(each->group, group->id) &&
        !strcmp(each->member, member->id))
      return each;
  return NULL;
}

// A rebalance is over when every member has joined anew: then there is nothing to wait for.
static void end_joining_when_all_are_here(group_t *group) {
  if (!group || group->state != RD_KAFKA_MOCK_CGRP_STATE_JOINING) return;
  const member_t *member;
  TAILQ_FOREACH(member, &group->members, link)
  if (!member->resp) return;
  rd_kafka_timer_override_once(&group->cluster->timers, &group->rebalance_tmr, 0);
}

static int refuse_join(connection_t *connection, rd_kafka_buf_t *request, kafka_error_t error) {
  rd_kafka_buf_t *answer = rd_kafka_mock_buf_new_response(request);
  if (request->rkbuf_reqhdr.ApiVersion >= 2) rd_kafka_buf_write_i32(answer, 0); // throttle time
  rd_kafka_buf_write_i16(answer, error);
  rd_kafka_buf_write_i32(answer, -1);     // generation
  rd_kafka_buf_write_str(answer, "", -1); // protocol
  rd_kafka_buf_write_str(answer, "", -1); // leader
  rd_kafka_buf_write_str(answer, "", -1); // member
  rd_kafka_buf_write_i32(answer, 0);      // members
  rd_kafka_mock_connection_send_response(connection, answer);
  return 0;
}

int groups_join(connection_t *connection, rd_kafka_buf_t *request) {
  cluster_t *cluster = connection->broker->cluster;
  rd_slice_t in = request->rkbuf_reader;
  rd_kafkap_str_t group_id = read_string(&in);
  int64_t session_ms = read_int(&in, 4);
  if (request->rkbuf_reqhdr.ApiVersion >= 1) read_int(&in, 4); // rebalance timeout
  rd_kafkap_str_t member_id = read_string(&in);
  if (request->rkbuf_reqhdr.ApiVersion >= 5) read_string(&in); // group instance id
  read_string(&in);                                            // protocol type
  int64_t protocols = read_int(&in, 4);
  if (group_id.len == 0) return refuse_join(connection, request, RD_KAFKA_RESP_ERR_INVALID_GROUP_ID);
  if (session_ms < 1 || session_ms > MAX_SESSION_MS)
    return refuse_join(connection, request, RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT);
  if (protocols < 1) return refuse_join(connection, request, RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL);
  if (protocols > 1000) return -1; // the mock's own limit
  rd_kafkap_str_t protocol = read_string(&in);
  group_t *group = rd_kafka_mock_cgrp_classic_find(cluster, &group_id);
  if (group) {
    member_t *self = rd_kafka_mock_cgrp_classic_member_find(group, &member_id), *member;
    if (self && self->resp && group->state == RD_KAFKA_MOCK_CGRP_STATE_JOINING) return -1; // asks twice
    TAILQ_FOREACH(member, &group->members, link)
    if (member != self && rd_kafkap_str_cmp(member->protos[0].name, &protocol))
      return refuse_join(connection, request, RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL);
  }
  int result = requests_handle(connection, request);
  group = rd_kafka_mock_cgrp_classic_find(cluster, &group_id);
  guard_sessions(group);
  end_joining_when_all_are_here(group);
  return result;
}

int groups_sync(connection_t *connection, rd_kafka_buf_t *request) {
  rd_slice_t in = request->rkbuf_reader;
  rd_kafkap_str_t group_id = read_string(&in);
  int64_t generation = read_int(&in, 4);
  rd_kafkap_str_t member_id = read_string(&in);
  group_t *group = rd_kafka_mock_cgrp_classic_find(connection->broker->cluster, &group_id);
  member_t *member = group ? rd_kafka_mock_cgrp_classic_member_find(group, &member_id) : NULL;
  if (!member) return requests_handle(connection, request);
  if (member->resp) return -1; // asks twice
  const struct assignment *late =
      group->state == RD_KAFKA_MOCK_CGRP_STATE_UP && generation == group->generation_id
          ? assignment_of(group, member)
          : NULL;
  if (!late) return requests_handle(connection, request);
  rd_kafka_mock_cgrp_classic_member_active(group, member);
  rd_kafka_buf_t *answer = rd_kafka_mock_buf_new_response(request);
  if (request->rkbuf_reqhdr.ApiVersion >= 1) rd_kafka_buf_write_i32(answer, 0); // throttle time
  rd_kafka_buf_write_i16(answer, RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_buf_write_kbytes(answer, late->bytes);
  rd_kafka_mock_connection_send_response(connection, answer);
  return 0;
}

int groups_leave(connection_t *connection, rd_kafka_buf_t *request) {
  cluster_t *cluster = connection->broker->cluster;
  rd_slice_t in = request->rkbuf_reader;
  rd_kafkap_str_t group_id = read_string(&in);
  int result = requests_handle(connection, request);
  end_joining_when_all_are_here(rd_kafka_mock_cgrp_classic_find(cluster, &group_id));
  return result;
}

int groups_commit(connection_t *connection, rd_kafka_buf_t *request) {
  cluster_t *cluster = connection->broker->cluster;
  rd_slice_t in = request->rkbuf_reader;
  rd_kafkap_str_t group_id = read_string(&in);
  int64_t generation = read_int(&in, 4);
  rd_kafkap_str_t member_id = read_string(&in);
  group_t *group = rd_kafka_mock_cgrp_classic_find(cluster, &group_id);
  if (!group && generation < 0) return requests_handle(connection, request);
  // A member from before a restart: the mock would take its commit for one of nobody's, and count as read what the new
  // life has in those places. In a group that has no members, it is an unknown one.
  const rd_kafkap_str_t protocol_type = {.len = sizeof "consumer" - 1, .str = "consumer"};
  if (!group) group = rd_kafka_mock_cgrp_classic_get(cluster, &group_id, &protocol_type);
  if (group->member_cnt == 0 && generation < 0) {
    // Kafka lets anybody commit for a group that has no members; the mock only for one that it does not know.
    rd_kafka_mock_cgrp_classic_destroy(group);
    return requests_handle(connection, request);
  }
  // A member commits what it has done before it joins anew: Kafka takes that while others have joined already.
  bool joining = group->state == RD_KAFKA_MOCK_CGRP_STATE_JOINING;
  bool known = rd_kafka_mock_cgrp_classic_member_find(group, &member_id) && generation == group->generation_id;
  if (!joining || !known) return requests_handle(connection, request);
  group->state = RD_KAFKA_MOCK_CGRP_STATE_UP;
  int result = requests_handle(connection, request);
  group->state = RD_KAFKA_MOCK_CGRP_STATE_JOINING;
  return result;
}
