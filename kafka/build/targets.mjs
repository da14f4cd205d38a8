// What is compiled and how. This file is an input of the client's hash: a changed flag builds anew.

/** How upstream's librdkafka is configured, beside `--enable-` or `--disable-` for each optional library. */
export const LIBRDKAFKA_CONFIGURE = [
  // Never fetch anything: the npm package is all there is.
  "--no-download",
  // Cyrus SASL (Kerberos) and curl (tokens over HTTP) are not used by the saga, and each drags in shared libraries.
  "--disable-gssapi",
  "--disable-curl",
  // LZ4 comes with librdkafka: the same codec wherever it is built.
  "--disable-lz4-ext",
  "--enable-static",
  "--disable-debug-symbols",
];

/** The archives that make builds, by the folder of their makefile. */
export const LIBRDKAFKA_ARCHIVES = [
  { folder: "src", archive: "librdkafka.a" },
  { folder: "src-cpp", archive: "librdkafka++.a" },
];

/** Upstream's C++ is written for these rules: its casts break strict aliasing. */
export const ADDON_COMPILE = [
  "-std=c++20",
  "-O2",
  "-fPIC",
  "-fvisibility=hidden",
  "-ffunction-sections",
  "-fdata-sections",
  "-fno-strict-aliasing",
  "-pthread",
  "-DBUILDING_NODE_EXTENSION",
];

/** The only symbols that a runtime looks up: every other one stays inside, away from the runtime's own OpenSSL and zlib. */
export const ADDON_EXPORTS = ["napi_register_module_v1", "node_api_module_get_api_version_v1"];

/** @type {Partial<Record<NodeJS.Platform, string[]>>} */
export const ADDON_LINK = {
  linux: [
    "-shared",
    "-pthread",
    // One file that runs wherever the C library does, in a slim image too.
    "-static-libstdc++",
    "-static-libgcc",
    "-Wl,--exclude-libs,ALL",
    "-Wl,-Bsymbolic",
    "-Wl,--gc-sections",
    "-Wl,-s",
  ],
  darwin: ["-bundle", "-undefined", "dynamic_lookup", "-Wl,-dead_strip"],
};

const EMBEDDED_BROKER_WRAPS = [
  "bind",
  "listen",
  "rd_kafka_mock_api_handlers",
  "rd_kafka_mock_cgrp_classic_member_assignment_set",
  "rd_kafka_mock_cgrps_connection_closed",
  "rd_kafka_mock_commit_offset",
  "rd_kafka_mock_connection_set_blocking",
  "rd_kafka_mock_msgset_find",
  "rd_kafka_mock_partition_log_append",
  "rd_kafka_mock_topic_auto_create",
];

/**
 * Programs over librdkafka, internal headers included: name, folder of their C files, extra linker flags.
 * @type {{ name: string, sources: string, compile: string[], link: string[] }[]}
 */
export const PROGRAMS = [
  {
    name: "embedded-broker",
    sources: "kafka/embedded-broker",
    compile: ["-std=gnu11", "-O2", "-pthread"],
    // What the program puts before or in place of parts of librdkafka and of the C library; kafka/embedded-broker/broker.h.
    link: EMBEDDED_BROKER_WRAPS.map((name) => `-Wl,--wrap=${name}`),
  },
  {
    name: "librdkafka-limit",
    sources: "kafka/bench",
    compile: ["-std=gnu11", "-O2", "-pthread"],
    link: [],
  },
];
