// The delivery reports of packed batches. They are counted where they come, on a thread of librdkafka's, and JavaScript is
// woken when a batch has all of its own. Upstream makes an object for each report, on the JavaScript thread.
#ifndef BATCH_DELIVERIES_H_
#define BATCH_DELIVERIES_H_

#include <nan.h>
#include <rdkafkacpp.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace batch {

struct Batch;

// A message that was or will be sent; librdkafka brings its address back with the report.
struct Sent {
  static constexpr int32_t kAwaited = INT32_MIN;  // is no code of librdkafka's
  Batch *batch;
  int32_t topic = 0;
  int32_t error = kAwaited;
};

// How far a partition got: the offset after the last message of the batch.
struct End {
  int32_t topic, partition;
  int64_t offset;
};

struct Batch {
  int64_t id;
  std::vector<Sent> messages;
  size_t awaited;
  size_t failed = 0;
  std::vector<End> ends;
  size_t last_end = 0;  // reports come partition by partition
};

class Deliveries : public RdKafka::DeliveryReportCb, public std::enable_shared_from_this<Deliveries> {
 public:
  // `upstreams` takes the reports of what upstream's `produce` has sent. `tell` is called with Results.
  Deliveries(RdKafka::DeliveryReportCb *upstreams, v8::Local<v8::Function> tell)
      : environment_(joint::Environment::Current()), upstreams_(upstreams), tell_(new Nan::Callback(tell)) {}

  void dr_cb(RdKafka::Message &message) override;  // on any thread

  // All of what follows on the JavaScript thread.

  bool is_closed() const { return !tell_; }
  int32_t TopicNumber(const std::string &name);
  const std::string &TopicName(int64_t number) const;
  size_t topics() const { return topics_.size(); }

  // The batch of that id, a new one when there is none.
  Batch *Open(int64_t id, size_t size);
  // What librdkafka is to bring back for a message.
  static void *OpaqueOf(Sent *message);
  void Fail(Sent *message, int32_t error);
  // Tells when there is room again: at the next report.
  void AskForRoom();
  // Ends every batch: what has no report fails with `error`. The Results of them all; nothing is told from here on.
  // Only when librdkafka's client is gone, since its threads may still report.
  v8::Local<v8::Value> Close(int32_t error);

 private:
  void Settle(Sent *message, int32_t error);
  void Wake();
  void Tell();
  // An ArrayBuffer of float64: for each batch its id, number of ends, number of failures; then the ends (topic, partition,
  // offset), then the failures (index, code).
  static v8::Local<v8::Value> Results(const std::vector<Batch *> &batches);

  joint::Environment &environment_;
  RdKafka::DeliveryReportCb *const upstreams_;
  std::unique_ptr<Nan::Callback> tell_;
  std::vector<std::string> topics_;
  std::map<int64_t, std::unique_ptr<Batch>> open_;

  std::mutex mutex_;  // guards what follows, and what is in the batches
  std::vector<Batch *> ended_;
  bool wants_room_ = false;
  bool is_waking_ = false;
};

}  // namespace batch

#endif  // BATCH_DELIVERIES_H_
