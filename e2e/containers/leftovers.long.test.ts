import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { describe } from "node:test";
import { testUnless } from "#kafka/testing.ts";
import { missing, needs, run } from "./engine.ts";
import { buildStandIn, standInImage } from "./images.ts";

const unavailable = missing([needs.engine, needs.go]);

describe("containers of a test process that died", () => {
  testUnless(unavailable, "are removed by the next one, as no Ryuk does it; those of one that lives stay", async () => {
    const { ownerLabel, removeLeftovers } = await import("./redpanda.ts");
    buildStandIn();
    const dead = spawnSync("true").pid;
    const create = (pid: number) =>
      run("docker", ["create", "--label", `${ownerLabel}=${pid}`, standInImage, "redpanda", "start"]).trim();
    const [ofDead, ofLiving] = [create(dead), create(process.pid)];
    try {
      removeLeftovers();
      const left = run("docker", ["ps", "--all", "--quiet", "--no-trunc", "--filter", `label=${ownerLabel}`]);
      assert.ok(!left.includes(ofDead), "that of the dead process is still there");
      assert.ok(left.includes(ofLiving), "that of a living process is gone");
    } finally {
      run("docker", ["rm", "--force", ofLiving]);
    }
  });
});
