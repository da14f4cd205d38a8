// An entry point of ours beside upstream's `consume`: a batch as one buffer, packed on the worker's thread. A message as
// upstream hands it over is an object with eight properties and a buffer for each header, made on the JavaScript thread.
//
// kafka/packed-messages.ts reads it, and describes it.
#include <src/kafka-consumer.h>
#include <src/workers.h>

#include <string>
#include <unordered_map>
#include <vector>

#include "methods.h"

namespace batch {

namespace {

class Packed {
 public:
  void Add(const rd_kafka_message_t *message) {
    int64_t timestamp = rd_kafka_message_timestamp(message, nullptr);
    Put<double>(static_cast<double>(message->offset));
    Put<double>(static_cast<double>(timestamp));
    Put<int32_t>(Name(rd_kafka_topic_name(message->rkt)));
    Put<int32_t>(message->partition);
    PutLength(message->key, message->key_len);
    PutLength(message->payload, message->len);
    rd_kafka_headers_t *headers = nullptr;
    const bool has_headers = rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR;
    Put<int32_t>(has_headers ? static_cast<int32_t>(rd_kafka_header_cnt(headers)) : -1);
    PutBytes(message->key, message->key_len);
    PutBytes(message->payload, message->len);
    const char *name = nullptr;
    const void *value = nullptr;
    size_t size = 0;
    for (size_t i = 0; has_headers && rd_kafka_header_get_all(headers, i, &name, &value, &size) == 0; i++) {
      Put<int32_t>(Name(name));
      PutLength(value, size);
      PutBytes(value, size);
    }
  }

  // Topics and names of headers, by the numbers that stand for them.
  const std::vector<std::string> &names() const { return names_; }
  const std::string &bytes() const { return bytes_; }

 private:
  template <class Number>
  void Put(Number number) {
    PutBytes(&number, sizeof(number));
  }
  void PutLength(const void *bytes, size_t length) { Put<int32_t>(bytes ? static_cast<int32_t>(length) : -1); }
  void PutBytes(const void *bytes, size_t length) {
    if (bytes) bytes_.append(static_cast<const char *>(bytes), length);
  }
  int32_t Name(const char *name) {
    const auto [found, is_new] = numbers_.try_emplace(name, static_cast<int32_t>(names_.size()));
    if (is_new) names_.emplace_back(name);
    return found->second;
  }

  std::string bytes_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, int32_t> numbers_;
};

class PackedConsume : public NodeKafka::Workers::ErrorAwareWorker {
 public:
  PackedConsume(Nan::Callback *callback, NodeKafka::KafkaConsumer *consumer, int timeout_ms, uint32_t most)
      : ErrorAwareWorker(callback), consumer_(consumer), timeout_ms_(timeout_ms), most_(most) {}

  // Waits for the first message only, and takes what has come with it. Else as upstream's KafkaConsumerConsumeNum: an error
  // that comes behind messages is dropped, as is the end of a partition.
  void Execute() override {
    while (count_ < most_) {
      NodeKafka::Baton answer = consumer_->Consume(count_ == 0 ? timeout_ms_ : 0);
      RdKafka::ErrorCode code = answer.err();
      if (code == RdKafka::ERR_NO_ERROR) {
        std::unique_ptr<RdKafka::Message> message(answer.data<RdKafka::Message *>());
        code = message->err();
        if (code == RdKafka::ERR_NO_ERROR) {
          packed_.Add(message->c_ptr());
          count_++;
          continue;
        }
        if (code == RdKafka::ERR__PARTITION_EOF) continue;
        if (code == RdKafka::ERR__TIMED_OUT || code == RdKafka::ERR__TIMED_OUT_QUEUE) return;
        answer = NodeKafka::Baton(code);
      }
      if (count_ == 0) SetErrorBaton(answer);
      return;
    }
  }

  void HandleOKCallback() override {
    Nan::HandleScope scope;
    v8::Local<v8::Array> names = Nan::New<v8::Array>();
    for (uint32_t i = 0; i < packed_.names().size(); i++)
      Nan::Set(names, i, Nan::New<v8::String>(packed_.names()[i]).ToLocalChecked());
    const std::string &bytes = packed_.bytes();
    v8::Local<v8::Value> argv[] = {Nan::Null(), Nan::Encode(bytes.data(), bytes.size(), Nan::Encoding::BUFFER), names,
                                   Nan::New(static_cast<double>(count_))};
    callback->Call(4, argv);
  }
  void HandleErrorCallback() override {
    Nan::HandleScope scope;
    v8::Local<v8::Value> argv[] = {GetErrorObject()};
    callback->Call(1, argv);
  }

 private:
  NodeKafka::KafkaConsumer *const consumer_;
  const int timeout_ms_;
  const uint32_t most_;
  uint32_t count_ = 0;
  Packed packed_;
};

}  // namespace

// consumePacked(timeoutMs, count, callback)
NAN_METHOD(ConsumePacked) {
  if (info.Length() < 3 || !info[2]->IsFunction()) return Nan::ThrowError("a timeout, a count and a callback, please");
  auto *consumer = Nan::ObjectWrap::Unwrap<NodeKafka::KafkaConsumer>(info.This());
  auto *callback = new Nan::Callback(info[2].As<v8::Function>());
  Nan::AsyncQueueWorker(new PackedConsume(callback, consumer, Nan::To<int32_t>(info[0]).FromJust(),
                                          Nan::To<uint32_t>(info[1]).FromJust()));
}

}  // namespace batch
