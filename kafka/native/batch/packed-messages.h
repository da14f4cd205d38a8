// Reads the messages that kafka/packed-batch.ts packed, and describes them there.
#ifndef BATCH_PACKED_MESSAGES_H_
#define BATCH_PACKED_MESSAGES_H_

#include <nan.h>

#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace batch {

// Bytes of the packed batch; null is none, which is not the same as empty.
struct Span {
  const char *data = nullptr;
  size_t length = 0;
};

struct OutgoingMessage {
  int64_t topic = 0;
  int64_t partition = 0;
  int64_t timestamp = 0;
  Span key, value;
  std::vector<std::pair<Span, Span>> headers;  // those of the message before, unless it has its own
};

class PackedMessages {
 public:
  // Both buffers are JavaScript's and must outlive this.
  PackedMessages(const char *numbers, size_t numbers_length, const char *bytes, size_t bytes_length)
      : numbers_(numbers), numbers_end_(numbers + numbers_length) {
    id = Whole(), size = Size(), from = Size(), count = Size();
    const size_t plain = Size(), text = Size(), units = Size();
    if (plain > bytes_length || text > bytes_length - plain) throw Torn();
    bytes_ = bytes, bytes_end_ = bytes + plain;
    text_ = bytes_end_, text_end_ = text_ + text;
    is_ascii_ = text == units;
    if (from > size || count > size - from) throw Torn();
  }

  // The batch, how many messages it has, and which of them are here.
  int64_t id;
  size_t size, from, count;

  void Next(OutgoingMessage *message) {
    message->topic = Whole(), message->partition = Whole(), message->timestamp = Whole();
    message->key = Part(), message->value = Part();
    const int64_t headers = Whole();
    if (headers < 0) return;
    message->headers.clear();
    for (int64_t i = 0; i < headers; i++) {
      const Span name = Part();
      message->headers.emplace_back(name, Part());
    }
  }

 private:
  static joint::Impossible Torn() { return {"the packed batch is not whole"}; }

  int64_t Whole() {
    double number;
    if (static_cast<size_t>(numbers_end_ - numbers_) < sizeof(number)) throw Torn();
    memcpy(&number, numbers_, sizeof(number));
    numbers_ += sizeof(number);
    return joint::ClampToInt64(number);
  }
  size_t Size() {
    const int64_t whole = Whole();
    if (whole < 0) throw Torn();
    return static_cast<size_t>(whole);
  }
  // -1 is none; an even number is text of half as many UTF-16 units, an odd one as many bytes.
  Span Part() {
    const int64_t kind = Whole();
    if (kind < 0) return {};
    const auto length = static_cast<size_t>(kind / 2);
    return kind % 2 == 0 ? Text(length) : Take(&bytes_, bytes_end_, length);
  }
  static Span Take(const char **at, const char *end, size_t length) {
    if (length > static_cast<size_t>(end - *at)) throw Torn();
    const char *const begin = *at;
    *at += length;
    return {begin, length};
  }
  // Texts have a null between them, so that a half of a surrogate pair stays one.
  Span Text(size_t units) {
    const Span text = Take(&text_, text_end_, is_ascii_ ? units : BytesOf(units));
    if (text_ != text_end_) text_++;
    return text;
  }
  size_t BytesOf(size_t units) const {
    const char *at = text_;
    while (units > 0 && at < text_end_) {
      const auto lead = static_cast<unsigned char>(*at);
      const bool is_pair = lead >= 0xF0;
      at += lead < 0x80 ? 1 : lead < 0xE0 ? 2 : is_pair ? 4 : 3;
      units -= is_pair && units > 1 ? 2 : 1;
    }
    if (units > 0) throw Torn();
    return static_cast<size_t>(at - text_);
  }

  const char *numbers_, *numbers_end_, *bytes_, *bytes_end_, *text_, *text_end_;
  bool is_ascii_;
};

}  // namespace batch

#endif  // BATCH_PACKED_MESSAGES_H_
