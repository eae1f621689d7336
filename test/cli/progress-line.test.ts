import { expect, test } from "vitest";
import { progressLine } from "../../cli/progress-line.ts";

/** A stream that keeps what was written, and a clock that a test moves. */
function stage(stream: { isTTY?: boolean; columns?: number } = {}) {
  const written: string[] = [];
  let time = 0;
  let tick: (() => void) | undefined;
  const clock = {
    now: () => time,
    every(_: number, then: () => void) {
      tick = then;
      return () => (tick = undefined);
    },
  };
  const line = progressLine({ ...stream, write: (text) => written.push(text) }, clock);
  return {
    line,
    written,
    /** Lets whole seconds pass. */
    wait(seconds: number) {
      for (let second = 0; second < seconds; second += 1) {
        time += 1_000;
        tick?.();
      }
    },
  };
}

const CLEAR = "\r\u001b[K";

test("on a terminal one line changes, and counts the seconds while nothing else happens", () => {
  const { line, written, wait } = stage({ isTTY: true });

  line.show("Reading …");
  wait(3);
  line.show("Writing …");
  line.hide();
  line.show("");
  wait(5);

  expect(written).toEqual([
    "Reading …",
    `${CLEAR}Reading …`,
    `${CLEAR}Reading … (2 s)`,
    `${CLEAR}Reading … (3 s)`,
    CLEAR,
  ]);
});

test("the line comes back after other output, while the work goes on", () => {
  const { line, written, wait } = stage({ isTTY: true });
  line.show("Reading …");
  line.hide();
  wait(1);
  expect(written).toEqual(["Reading …", CLEAR, "Reading …"]);
});

test("a line is cut to the terminal, since a broken one could not be removed", () => {
  const { line, written } = stage({ isTTY: true, columns: 10 });
  line.show("😀 a long line");
  expect(written).toEqual(["😀 a long "]);
});

test("elsewhere nothing is written in the first two seconds, and then less and less often", () => {
  const { line, written, wait } = stage();
  line.show("Reading …");
  wait(1);
  expect(written).toEqual([]);
  wait(199);
  expect(written).toEqual([2, 4, 8, 16, 32, 64, 124, 184].map((seconds) => `Reading … (${seconds} s)\n`));
});

test("work that leaves no time for the clock is shown when it says what it does", () => {
  const { line, written, wait } = stage();
  line.show("Rule 1 …");
  line.show("");
  line.show("Rule 2 …");
  wait(2);
  line.show("Rule 3 …");
  expect(written).toEqual(["Rule 2 … (2 s)\n"]);
});
