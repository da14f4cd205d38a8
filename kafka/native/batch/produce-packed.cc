// Entry points of ours beside upstream's `produce`: a batch of messages in one call, its reports in one call back. Upstream
// takes some thirty calls of Node-API for a message with two headers, and makes an object for its report.
//
// kafka/packed-batch.ts packs the messages, kafka/producer.ts calls.
#include <src/producer.h>

#include <memory>
#include <string>
#include <vector>

#include "deliveries.h"
#include "methods.h"
#include "packed-messages.h"

namespace batch {

namespace {

// Upstream keeps these for its subclasses. Of this one no object is ever made.
struct Inside : NodeKafka::Connection {
  static RdKafka::Conf *SettingsOf(NodeKafka::Connection *client) { return client->*(&Inside::m_gconfig); }
  static uv_rwlock_t *LockOf(NodeKafka::Connection *client) { return &(client->*(&Inside::m_connection_lock)); }
};

// librdkafka's client, held for the duration of a call; null when it is disconnected or being so. Waiting for that, as
// upstream's `produce` does, could block the event loop for seconds.
class Held {
 public:
  explicit Held(NodeKafka::Producer *producer) : lock_(Inside::LockOf(producer)) {
    is_locked_ = uv_rwlock_tryrdlock(lock_) == 0;
    if (is_locked_ && producer->IsConnected()) client = producer->GetClient()->c_ptr();
  }
  ~Held() {
    if (is_locked_) uv_rwlock_rdunlock(lock_);
  }
  Held(const Held &) = delete;
  rd_kafka_t *client = nullptr;

 private:
  uv_rwlock_t *const lock_;
  bool is_locked_;
};

// librdkafka's handles for topics: looking one up takes a lock and compares names. Not kept for longer than a call, since a
// client is not destroyed before they are.
class Topics {
 public:
  Topics(rd_kafka_t *client, const Deliveries &deliveries)
      : client_(client), deliveries_(deliveries), handles_(deliveries.topics()) {}
  ~Topics() {
    for (rd_kafka_topic_t *handle : handles_)
      if (handle) rd_kafka_topic_destroy(handle);
  }
  Topics(const Topics &) = delete;
  // Null with rd_kafka_last_error() when the name cannot be one.
  rd_kafka_topic_t *Get(int64_t number) {
    const std::string &name = deliveries_.TopicName(number);
    rd_kafka_topic_t *&handle = handles_[static_cast<size_t>(number)];
    if (!handle) handle = rd_kafka_topic_new(client_, name.c_str(), nullptr);
    return handle;
  }

 private:
  rd_kafka_t *const client_;
  const Deliveries &deliveries_;
  std::vector<rd_kafka_topic_t *> handles_;
};

rd_kafka_resp_err_t Produce(rd_kafka_t *client, rd_kafka_topic_t *topic, const OutgoingMessage &message, Sent *sent) {
  if (!topic) return rd_kafka_last_error();
  if (message.partition < INT32_MIN || message.partition > INT32_MAX) return RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
  rd_kafka_headers_t *headers = nullptr;
  if (!message.headers.empty()) {
    headers = rd_kafka_headers_new(message.headers.size());
    for (const auto &[name, value] : message.headers)
      rd_kafka_header_add(headers, name.data, static_cast<ssize_t>(name.length), value.data,
                          static_cast<ssize_t>(value.length));
  }
  const rd_kafka_resp_err_t error = rd_kafka_producev(
      client, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(static_cast<int32_t>(message.partition)),
      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
      RD_KAFKA_V_VALUE(const_cast<char *>(message.value.data), message.value.length),
      RD_KAFKA_V_KEY(message.key.data, message.key.length), RD_KAFKA_V_TIMESTAMP(message.timestamp),
      RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(Deliveries::OpaqueOf(sent)), RD_KAFKA_V_END);
  if (error && headers) rd_kafka_headers_destroy(headers);
  return error;
}

// As Produce, but says "the queue is full" only where a report will come that makes room.
rd_kafka_resp_err_t ProduceOrAsk(rd_kafka_t *client, rd_kafka_topic_t *topic, const OutgoingMessage &message,
                                 Sent *sent, Deliveries *deliveries, bool *is_full) {
  rd_kafka_resp_err_t error = Produce(client, topic, message, sent);
  if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) return error;
  deliveries->AskForRoom();
  const bool was_empty = rd_kafka_outq_len(client) == 0;
  error = Produce(client, topic, message, sent);  // the last report may have come before we asked
  *is_full = error == RD_KAFKA_RESP_ERR__QUEUE_FULL && !was_empty;
  return error;
}

std::shared_ptr<Deliveries> DeliveriesOf(NodeKafka::Producer *producer) {
  const auto deliveries = std::static_pointer_cast<Deliveries>(producer->companion);
  if (!deliveries) throw joint::Impossible{"openDeliveries first, before connecting"};
  return deliveries;
}

}  // namespace

// openDeliveries(tell): before connecting, since librdkafka takes its callbacks then.
NAN_METHOD(OpenDeliveries) {
  auto *producer = Nan::ObjectWrap::Unwrap<NodeKafka::Producer>(info.This());
  if (!info[0]->IsFunction()) return Nan::ThrowError("a callback, please");
  if (producer->companion || producer->GetClient()) return Nan::ThrowError("deliveries are opened once, before connecting");
  RdKafka::Conf *const settings = Inside::SettingsOf(producer);
  RdKafka::DeliveryReportCb *upstreams = nullptr;
  settings->get(upstreams);
  const auto deliveries = std::make_shared<Deliveries>(upstreams, info[0].As<v8::Function>());
  std::string problem;
  if (settings->set("dr_cb", deliveries.get(), problem) != RdKafka::Conf::CONF_OK)
    return Nan::ThrowError(problem.c_str());
  producer->companion = deliveries;
}

// topicNumber(name): what stands for a topic in packed batches and results, for as long as the client lives.
NAN_METHOD(TopicNumber) {
  const auto deliveries = DeliveriesOf(Nan::ObjectWrap::Unwrap<NodeKafka::Producer>(info.This()));
  const Nan::Utf8String name(info[0]);
  info.GetReturnValue().Set(Nan::New(deliveries->TopicNumber(*name)));
}

// producePacked(numbers, bytes): how many of the packed messages were taken. Each of those ends in a report or an error of
// its batch; when they are not all, the queue is full, and `tell` is called when there may be room.
NAN_METHOD(ProducePacked) {
  auto *producer = Nan::ObjectWrap::Unwrap<NodeKafka::Producer>(info.This());
  const auto deliveries = DeliveriesOf(producer);
  if (deliveries->is_closed()) return Nan::ThrowError("deliveries are closed");
  if (!node::Buffer::HasInstance(info[0]) || !node::Buffer::HasInstance(info[1]))
    return Nan::ThrowError("two buffers, please");
  PackedMessages packed(node::Buffer::Data(info[0]), node::Buffer::Length(info[0]), node::Buffer::Data(info[1]),
                        node::Buffer::Length(info[1]));
  Batch *const batch = deliveries->Open(packed.id, packed.size);
  const Held held(producer);
  Topics topics(held.client, *deliveries);
  OutgoingMessage message;
  uint32_t taken = 0;
  for (bool is_full = false; taken < packed.count; taken++) {
    Sent *const sent = &batch->messages[packed.from + taken];
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__DESTROY;
    if (held.client) {
      packed.Next(&message);
      rd_kafka_topic_t *const topic = topics.Get(message.topic);
      sent->topic = static_cast<int32_t>(message.topic);
      error = ProduceOrAsk(held.client, topic, message, sent, deliveries.get(), &is_full);
      if (is_full) break;
    }
    if (error) deliveries->Fail(sent, error);
  }
  info.GetReturnValue().Set(Nan::New(static_cast<double>(taken)));
}

// closeDeliveries(): once the client is disconnected. The results of all batches that were not told yet; what has no report
// fails with ERR__DESTROY.
NAN_METHOD(CloseDeliveries) {
  auto *producer = Nan::ObjectWrap::Unwrap<NodeKafka::Producer>(info.This());
  if (producer->GetClient()) return Nan::ThrowError("the client is still connected");
  info.GetReturnValue().Set(DeliveriesOf(producer)->Close(RD_KAFKA_RESP_ERR__DESTROY));
}

}  // namespace batch
