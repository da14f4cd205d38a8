// For tests only.
import assert from "node:assert/strict";
import axe from "axe-core";
import type { Page } from "playwright-core";

/** No violations by axe-core, in both schemes; and on a phone nothing makes the page scroll sideways. */
export async function assertAccessible(page: Page): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    // Put in by the test: the page's own policy lets no such script in.
    const found = await page.evaluate(`(async () => {
      ${axe.source};
      const { violations } = await window.axe.run();
      return violations.map(({ id, nodes }) => id + ": " + nodes.map((node) => node.html.slice(0, 120)).join(" | "));
    })()`);
    assert.deepEqual(found, [], `${page.url()}, ${colorScheme}`);
  }
  const size = page.viewportSize();
  await page.setViewportSize({ width: 375, height: 800 });
  const width = await page.evaluate<number>("document.documentElement.scrollWidth");
  if (size !== null) await page.setViewportSize(size);
  assert.ok(width <= 375, `${page.url()}: a phone scrolls sideways: ${width}`);
}
