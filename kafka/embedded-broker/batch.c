// Record batches on the wire: https://kafka.apache.org/documentation/#recordbatch
#include "broker.h"
#include "crc32c.h"

enum {
  OF_LENGTH = 8,
  OF_MAGIC = 16,
  OF_CRC = 17,
  OF_ATTRIBUTES = 21,
  OF_LAST_OFFSET_DELTA = 23,
  OF_BASE_TIMESTAMP = 27,
  OF_MAX_TIMESTAMP = 35,
  OF_PRODUCER_ID = 43,
  OF_PRODUCER_EPOCH = 51,
  OF_BASE_SEQUENCE = 53,
  OF_RECORD_COUNT = 57,
  HEADER_BYTES = 61,

  COMPRESSION = 0x07,
  TRANSACTIONAL = 0x10,
  CONTROL = 0x20,
  SMALLEST_RECORD_BYTES = 7,
};

static int64_t get(const unsigned char *at, int width) {
  uint64_t value = at[0] & 0x80 ? UINT64_MAX : 0;
  for (int i = 0; i < width; i++) value = value << 8 | at[i];
  return (int64_t)value;
}

static void put(unsigned char *at, int width, int64_t value) {
  for (int i = width - 1; i >= 0; i--, value >>= 8) at[i] = (unsigned char)value;
}

kafka_error_t batch_check(const void *bytes, size_t length, struct batch_header *header) {
  const unsigned char *batch = bytes;
  if (length < HEADER_BYTES) return RD_KAFKA_RESP_ERR_INVALID_MSG;
  if (batch[OF_MAGIC] != 2) return RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT;
  if (length > MAX_BATCH_BYTES) return RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
  if (get(batch + OF_LENGTH, 4) != (int64_t)length - 12) return RD_KAFKA_RESP_ERR_INVALID_MSG;
  if ((uint32_t)get(batch + OF_CRC, 4) != rd_crc32c(0, batch + OF_ATTRIBUTES, length - OF_ATTRIBUTES))
    return RD_KAFKA_RESP_ERR_INVALID_MSG;
  int attributes = (int)get(batch + OF_ATTRIBUTES, 2);
  if (attributes & (TRANSACTIONAL | CONTROL)) return RD_KAFKA_RESP_ERR_INVALID_RECORD;
  int64_t count = get(batch + OF_RECORD_COUNT, 4);
  if (count < 1 || get(batch + OF_LAST_OFFSET_DELTA, 4) != count - 1) return RD_KAFKA_RESP_ERR_INVALID_RECORD;
  if (!(attributes & COMPRESSION) && count > (int64_t)(length - HEADER_BYTES) / SMALLEST_RECORD_BYTES)
    return RD_KAFKA_RESP_ERR_INVALID_RECORD;
  header->producer_id = get(batch + OF_PRODUCER_ID, 8);
  header->producer_epoch = (int16_t)get(batch + OF_PRODUCER_EPOCH, 2);
  header->base_sequence = (int32_t)get(batch + OF_BASE_SEQUENCE, 4);
  header->record_count = (int32_t)count;
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

size_t batch_of_one(void *out, const void *value, size_t value_length, int64_t timestamp_ms) {
  unsigned char *batch = out, *at = batch + HEADER_BYTES;
  memset(batch, 0, HEADER_BYTES);
  // One byte each, zigzag: every number here is below 64.
  *at++ = (unsigned char)((value_length + 6) * 2); // the record's own length, without this byte
  *at++ = 0;                                       // attributes
  *at++ = 0;                                       // timestamp delta
  *at++ = 0;                                       // offset delta
  *at++ = 1;                                       // no key (-1)
  *at++ = (unsigned char)(value_length * 2);
  memcpy(at, value, value_length);
  at += value_length;
  *at++ = 0; // no headers
  size_t length = (size_t)(at - batch);
  put(batch + OF_LENGTH, 4, (int64_t)length - 12);
  batch[OF_MAGIC] = 2;
  put(batch + OF_BASE_TIMESTAMP, 8, timestamp_ms);
  put(batch + OF_MAX_TIMESTAMP, 8, timestamp_ms);
  put(batch + OF_PRODUCER_ID, 8, -1);
  put(batch + OF_PRODUCER_EPOCH, 2, -1);
  put(batch + OF_BASE_SEQUENCE, 4, -1);
  put(batch + OF_RECORD_COUNT, 4, 1);
  put(batch + OF_CRC, 4, rd_crc32c(0, batch + OF_ATTRIBUTES, length - OF_ATTRIBUTES));
  return length;
}
