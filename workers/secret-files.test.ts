import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readSecretFiles } from "./secret-files.ts";

const files: Readonly<Record<string, string>> = { "/run/secrets/pw": "hush \n", "/run/secrets/empty": "\n" };
const readFile = (file: string) => {
  const text = files[file];
  if (text === undefined) throw Object.assign(new Error(`ENOENT ${file}`), { code: "ENOENT" });
  return text;
};

describe("secrets given as files", () => {
  test("stand under the name of the secret, whole but for the last line end", () => {
    const { environment, problems } = readSecretFiles({ KAFKA_SASL_PASSWORD_FILE: "/run/secrets/pw" }, { readFile });
    assert.deepEqual(environment, { KAFKA_SASL_PASSWORD: "hush " });
    assert.deepEqual(problems, []);
  });

  test("are all told of at once when they cannot be read, are empty, or are given twice", () => {
    const given = {
      HTTP_TOKEN_FILE: "/run/secrets/none",
      ADMIN_TOKEN_FILE: "/run/secrets/empty",
      STORE_AUTH_TOKEN: "shown-nowhere",
      STORE_AUTH_TOKEN_FILE: "/run/secrets/pw",
    };
    const { problems } = readSecretFiles(given, { readFile });
    assert.deepEqual(problems, [
      "HTTP_TOKEN_FILE: /run/secrets/none cannot be read (ENOENT)",
      "ADMIN_TOKEN_FILE: /run/secrets/empty is empty",
      "STORE_AUTH_TOKEN and STORE_AUTH_TOKEN_FILE are both set: which one is meant?",
    ]);
  });

  test("leave the names of TLS files alone: those are read by the client", () => {
    const given = { KAFKA_TLS_CA_FILE: "/ca.pem" };
    assert.deepEqual(readSecretFiles(given, { readFile }).environment, given);
  });
});
