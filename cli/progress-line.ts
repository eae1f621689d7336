/** The stream for everything but results, which is stderr. */
interface Stream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

interface Clock {
  now(): number;
  /** Calls back again and again. @returns how to end that */
  every(milliseconds: number, then: () => void): () => void;
}

const PROCESS_CLOCK: Clock = {
  now: () => performance.now(),
  every(milliseconds, then) {
    const timer = setInterval(then, milliseconds).unref();
    return () => clearInterval(timer);
  },
};

const SECOND = 1_000;
/** Work that takes longer shows how long it has taken. */
const LONG_SECONDS = 2;
/** At most this often a line is drawn anew, since drawing costs more than a step of some work. */
const DRAWN_EVERY_MS = 100;
const CLEAR_LINE = "\r\u001b[K";

/**
 * Shows that work goes on: on a terminal, one line that changes; elsewhere, such as in the log of CI, a line after 2, 4, 8
 * … seconds and at last one a minute. While the work waits for a service, the line still counts the seconds.
 */
export function progressLine(stream: Stream, { now, every }: Clock = PROCESS_CLOCK) {
  let text = "";
  let began = 0;
  let drawnAt = -Infinity;
  let nextLine = LONG_SECONDS;
  let isDrawn = false;
  let stopTicking = (): void => undefined;

  function hide(): void {
    if (isDrawn) stream.write(CLEAR_LINE);
    isDrawn = false;
  }

  function draw(): void {
    const seconds = Math.floor((now() - began) / SECOND);
    const line = seconds < LONG_SECONDS ? text : `${text} (${seconds} s)`;
    if (stream.isTTY === true) {
      // A line that the terminal breaks could not be removed.
      stream.write(
        `${isDrawn ? CLEAR_LINE : ""}${Array.from(line)
          .slice(0, (stream.columns || 80) - 1)
          .join("")}`,
      );
      isDrawn = true;
      drawnAt = now();
    } else if (seconds >= nextLine) {
      stream.write(`${line}\n`);
      nextLine = seconds + Math.min(seconds, 60);
    }
  }

  return {
    /** Says what is being done now. An empty text: the work is over. */
    show(doing: string): void {
      if (doing === "") {
        stopTicking();
        hide();
        [text, nextLine, drawnAt] = ["", LONG_SECONDS, -Infinity];
        return;
      }
      if (text === "") {
        began = now();
        stopTicking = every(SECOND, draw);
      }
      text = doing;
      if (now() - drawnAt >= DRAWN_EVERY_MS) draw();
    },
    /** Makes room for other output. The line comes back while the work goes on. */
    hide,
  };
}
