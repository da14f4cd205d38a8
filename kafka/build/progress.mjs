// What a person sees of a build: one line that changes on a terminal, a few plain lines anywhere else.

const REDRAW_MS = 1_000;

/**
 * @typedef {object} Progress
 * @property {(line: string) => void} say a line that stays
 * @property {(step: string, files: number, share: number) => void} begin a step of so many files, that is this share (0 to 1) of the build
 * @property {() => void} advance one file is done
 * @property {(text: string) => void} wait shown while somebody else builds
 * @property {() => number} seconds since the start
 * @property {() => void} end
 */

/**
 * @param {{ isTTY?: boolean | undefined, write: (text: string) => unknown }} stream
 * @returns {Progress}
 */
export function createProgress(stream) {
  const startedAt = performance.now();
  const step = { name: "", files: 0, done: 0, share: 0, before: 0 };
  let waitSaid = false;
  let drawn = false;

  const seconds = () => (performance.now() - startedAt) / 1000;
  const clear = () => {
    if (drawn) stream.write("\r\x1b[K");
    drawn = false;
  };
  const show = (/** @type {string} */ text) => {
    if (!stream.isTTY) return;
    stream.write(`\r\x1b[KKafka client: ${text}`);
    drawn = true;
  };
  const draw = () => {
    if (!step.name) return;
    const part = step.files ? step.done / step.files : 0;
    const percent = Math.min(99, Math.floor((step.before + step.share * part) * 100));
    const count = step.files > 1 ? ` ${step.done}/${step.files} files` : "";
    show(`${step.name}${count} · ${percent}% · ${seconds().toFixed(0)} s`);
  };
  const timer = stream.isTTY ? setInterval(draw, REDRAW_MS) : undefined;
  timer?.unref();

  return {
    say(line) {
      clear();
      stream.write(`Kafka client: ${line}\n`);
    },
    begin(name, files, share) {
      Object.assign(step, { name, files, done: 0, before: step.before + step.share, share });
      draw();
    },
    advance() {
      step.done++;
      draw();
    },
    wait(text) {
      if (!stream.isTTY && !waitSaid) this.say(text);
      waitSaid = true;
      show(`${text} · ${seconds().toFixed(0)} s`);
    },
    seconds,
    end() {
      clearInterval(timer);
      clear();
    },
  };
}
