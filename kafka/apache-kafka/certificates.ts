import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const NEW_KEY = ["-newkey", "rsa:2048", "-nodes"];
const VALID = ["-days", "7"];

export interface Certificates {
  /** What clients must trust. */
  readonly caFile: string;
  /** The broker's private key and certificate chain. */
  readonly keystoreFile: string;
  /** Of a client, signed by the same authority. */
  readonly clientKeyFile: string;
  readonly clientCertificateFile: string;
}

/**
 * Makes a certificate authority of its own and a certificate for 127.0.0.1 and localhost, in PEM. Undefined where
 * there is no `openssl` command.
 */
export async function makeCertificates(folder: string): Promise<Certificates | undefined> {
  const file = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => run("openssl", args);
  try {
    await openssl("version");
  } catch {
    return undefined;
  }
  const ca = ["-keyout", file("ca.key"), "-out", file("ca.pem"), "-subj", "/CN=test authority"];
  await openssl("req", "-x509", ...NEW_KEY, ...VALID, ...ca);
  const sign = async (name: string, subject: string, key: string, ...more: string[]) => {
    const csr = file(`${name}.csr`);
    await openssl("req", ...NEW_KEY, "-keyout", file(key), "-out", csr, "-subj", subject);
    const signing = ["-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-CAcreateserial", ...more];
    await openssl("x509", "-req", "-in", csr, "-out", file(`${name}.pem`), ...VALID, ...signing);
  };
  writeFileSync(file("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  await sign("broker", "/CN=localhost", "key.pem", "-extfile", file("names"));
  await sign("client", "/CN=orderwright", "client.key");
  const chain = ["key.pem", "broker.pem", "ca.pem"].map((name) => readFileSync(file(name), "utf8"));
  writeFileSync(file("keystore.pem"), chain.join(""));
  return {
    caFile: file("ca.pem"),
    keystoreFile: file("keystore.pem"),
    clientKeyFile: file("client.key"),
    clientCertificateFile: file("client.pem"),
  };
}
