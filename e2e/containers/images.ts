// For tests only.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./engine.ts";

const OPS_DIR = join(import.meta.dirname, "../../ops/redpanda");

/** The image that docker-compose.yml has Redpanda from. */
export function redpandaImage(): string {
  const dockerfile = readFileSync(join(OPS_DIR, "Dockerfile"), "utf8");
  const [, version = ""] = /^ARG REDPANDA_VERSION=(\S+)$/m.exec(dockerfile) ?? [];
  const [, image = ""] = /^FROM (\S+):\$\{REDPANDA_VERSION\}$/m.exec(dockerfile) ?? [];
  return `${image}:${version}`;
}

export const standInImage = "orderwright/stand-in-for-redpanda";

/** As ops/redpanda/Dockerfile makes it from Redpanda's image, but from scratch. */
const dockerfile = `FROM scratch
COPY rpk /rpk
COPY passwd group /etc/
COPY redpanda.yaml /etc/redpanda/redpanda.yaml
ENTRYPOINT ["/rpk"]
`;

/** Builds the image that stands in for Redpanda's, by the engine and with Go. */
export function buildStandIn(): void {
  const folder = mkdtempSync(join(tmpdir(), "orderwright-stand-in-"));
  try {
    const source = join(import.meta.dirname, "stand-in");
    run("go", ["build", "-C", source, "-trimpath", "-o", join(folder, "rpk"), "."], { CGO_ENABLED: "0" });
    cpSync(join(OPS_DIR, "redpanda.yaml"), join(folder, "redpanda.yaml"));
    // The testcontainers module starts it as root, by name.
    writeFileSync(join(folder, "passwd"), "root:x:0:0::/:/rpk\n");
    writeFileSync(join(folder, "group"), "root:x:0:\n");
    writeFileSync(join(folder, "Dockerfile"), dockerfile);
    run("docker", ["build", "--quiet", "--tag", standInImage, folder]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
