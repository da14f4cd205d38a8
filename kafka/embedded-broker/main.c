// embedded-broker [--port N] [--unread-mib N] [--unclaimed-mib N] (--topic NAME PARTITIONS (--reader GROUP)*)*
// Commands on standard input, one a line: "down" and "up" (answered with the same word when it is done), "stop".
// The program ends when its standard input does or its parent dies, so it never outlives what started it.
#include "broker.h"

#include <poll.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/resource.h>

enum { BROKER_ID = 1, EXIT_USAGE = 2, EXIT_PORT_TAKEN = 3, PARENT_CHECK_MS = 1000 };
#define INCARNATION_TOPIC "__embedded_broker_incarnation"

static int wanted_port;

static void no_port(void) {
  int why = errno;
  fprintf(stderr, "embedded broker: 127.0.0.1:%d: %s\n", wanted_port, strerror(why));
  exit(why == EADDRINUSE ? EXIT_PORT_TAKEN : EXIT_FAILURE);
}

int __real_bind(int fd, const struct sockaddr *address, socklen_t length);
// The mock lets the system choose a port: a broker that is started again would not be found.
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t length) {
  struct sockaddr_in in = *(const struct sockaddr_in *)address;
  if (in.sin_family != AF_INET || in.sin_port != 0) return __real_bind(fd, address, length);
  in.sin_port = htons((uint16_t)wanted_port);
  if (__real_bind(fd, (struct sockaddr *)&in, sizeof in) == 0) return 0;
  no_port();
  return -1;
}

int __real_listen(int fd, int backlog);
// The mock's backlog is 5: of 500 clients that connect at once, most would wait a second for their next try.
int __wrap_listen(int fd, int backlog) {
  if (__real_listen(fd, backlog < SOMAXCONN ? SOMAXCONN : backlog) == 0) return 0;
  // Two sockets may be bound to one port; the second one to listen is told.
  no_port();
  return -1;
}

static void on_log(const rd_kafka_t *client, int level, const char *facility, const char *message) {
  (void)client;
  // What clients send wrong is their affair (its level is 1, "alert").
  if (level <= LOG_CRIT && strncmp(facility, "PROTO", 5))
    fprintf(stderr, "embedded broker: %s: %s\n", facility, message);
}

static void fail(int status, const char *why, const char *what) {
  fprintf(stderr, "embedded broker: %s: %s\n", why, what);
  exit(status);
}

static long number(const char *text, long from, long to) {
  if (!text) text = "";
  char *end;
  long value = strtol(text, &end, 10);
  if (!*text || *end || value < from || value > to) fail(EXIT_USAGE, "not a number in range", text);
  return value;
}

rd_kafka_mock_topic_t *__real_rd_kafka_mock_topic_auto_create(cluster_t *cluster, const char *name, int partitions,
                                                              kafka_error_t *error);
// Not by rd_kafka_mock_topic_create(), which asks the mock's thread and waits: for whole seconds, now and then.
static rd_kafka_mock_topic_t *create_topic(cluster_t *cluster, const char *name, int partitions) {
  mtx_lock(&cluster->lock);
  if (rd_kafka_mock_topic_find(cluster, name)) fail(EXIT_USAGE, name, "named twice");
  kafka_error_t error;
  rd_kafka_mock_topic_t *topic = __real_rd_kafka_mock_topic_auto_create(cluster, name, partitions, &error);
  mtx_unlock(&cluster->lock);
  return topic;
}

static void create_topics(cluster_t *cluster, int argc, char **argv) {
  for (int i = 1; i < argc;) {
    if (strcmp(argv[i], "--topic")) {
      i += 2; // read by read_options
      continue;
    }
    int topic = i, readers = 0;
    for (i += 3; i + 1 < argc && !strcmp(argv[i], "--reader"); i += 2) readers++;
    const char **names = rd_calloc((size_t)readers + 1, sizeof *names);
    for (int r = 0; r < readers; r++) names[r] = argv[topic + 4 + 2 * r];
    log_add_topic(create_topic(cluster, argv[topic + 1], (int)number(argv[topic + 2], 1, 10000)), names, readers);
  }
}

static void read_options(int argc, char **argv) {
  limits = (struct limits){.unread_bytes = (size_t)1024 << 20, .unclaimed_bytes = (size_t)16 << 20};
  for (int i = 1; i < argc; i += 2) {
    const char *value = i + 1 < argc ? argv[i + 1] : NULL;
    if (!strcmp(argv[i], "--port"))
      wanted_port = (int)number(value, 0, 65535);
    else if (!strcmp(argv[i], "--unread-mib"))
      limits.unread_bytes = (size_t)number(value, 1, 1 << 20) << 20;
    else if (!strcmp(argv[i], "--unclaimed-mib"))
      limits.unclaimed_bytes = (size_t)number(value, 1, 1 << 20) << 20;
    else if (!strcmp(argv[i], "--topic") && i + 2 < argc) {
      number(argv[i + 2], 1, 10000);
      for (i++; i + 3 < argc && !strcmp(argv[i + 2], "--reader"); i += 2) continue;
    } else
      fail(EXIT_USAGE, "unknown option", argv[i]);
  }
}

// A record of our own for each start: who reads another one than before knows that all is gone.
static void write_incarnation(cluster_t *cluster, char incarnation[33]) {
  unsigned char random[16];
  if (getentropy(random, sizeof random)) fail(EXIT_FAILURE, "getentropy", strerror(errno));
  for (size_t i = 0; i < sizeof random; i++) sprintf(incarnation + 2 * i, "%02x", random[i]);
  rd_kafka_mock_topic_t *topic = create_topic(cluster, INCARNATION_TOPIC, 1);
  log_add_topic(topic, NULL, 0);
  unsigned char batch[256];
  size_t length = batch_of_one(batch, incarnation, 32, (int64_t)time(NULL) * 1000);
  log_append_own(&topic->partitions[0], batch, length);
}

static cluster_t *start(int argc, char **argv, char incarnation[33]) {
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  char error[512], max_request[16];
  rd_kafka_conf_t *settings = rd_kafka_conf_new();
  snprintf(max_request, sizeof max_request, "%d", MAX_REQUEST_BYTES);
  if (rd_kafka_conf_set(settings, "receive.message.max.bytes", max_request, error, sizeof error) ||
      rd_kafka_conf_set(settings, "fetch.max.bytes", "1048576", error, sizeof error))
    fail(EXIT_FAILURE, "librdkafka", error);
  rd_kafka_conf_set_log_cb(settings, on_log);
  rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, settings, error, sizeof error);
  if (!client) fail(EXIT_FAILURE, "librdkafka", error);
  cluster_t *cluster = rd_kafka_mock_cluster_new(client, 1);
  if (!cluster) fail(EXIT_FAILURE, "librdkafka", "no mock cluster");
  rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, 0);
  create_topics(cluster, argc, argv);
  write_incarnation(cluster, incarnation);
  atomic_store(&serving, true);
  return cluster;
}

static void obey(cluster_t *cluster, const char *command) {
  if (!strcmp(command, "stop")) _exit(0);
  if (!strcmp(command, "down"))
    rd_kafka_mock_broker_set_down(cluster, BROKER_ID);
  else if (!strcmp(command, "up"))
    rd_kafka_mock_broker_set_up(cluster, BROKER_ID);
  else
    command = "unknown command";
  printf("%s\n", command);
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  signal(SIGPIPE, SIG_IGN);
  // Ctrl-C is for the program that started us: what it still has to commit, it commits here.
  if (!isatty(STDIN_FILENO)) signal(SIGINT, SIG_IGN);
  pid_t parent = getppid();
  char incarnation[33];
  read_options(argc, argv);
  cluster_t *cluster = start(argc, argv, incarnation);
  printf("embedded broker: librdkafka's mock cluster, in memory, for development and tests; forgets everything when it "
         "stops\n");
  printf("ready %s %s\n", rd_kafka_mock_cluster_bootstraps(cluster), incarnation);
  char line[64];
  size_t length = 0;
  while (getppid() == parent) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(&input, 1, PARENT_CHECK_MS) < 1) continue;
    char byte;
    if (read(STDIN_FILENO, &byte, 1) < 1) break;
    if (byte != '\n') {
      if (length < sizeof line - 1) line[length++] = byte;
      continue;
    }
    line[length] = 0;
    length = 0;
    obey(cluster, line);
  }
  // Nothing is to be tidied up: all was in memory.
  _exit(0);
}
