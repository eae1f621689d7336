import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** A line of text with the time by which it is sorted. */
export interface TimedLine {
  /** Ticks of 100 ns. */
  readonly time: bigint;
  /** Without a line feed. */
  readonly text: string;
}

export interface TimeOrder {
  add(line: TimedLine): void;
  /** All lines, earliest first. Equal times come in the order in which they were added. Call it once. */
  inOrder(): AsyncGenerator<TimedLine>;
  /** Deletes the temporary files. */
  close(): void;
}

const MAX_BUFFERED_CHARACTERS = 64_000_000;

/**
 * Sorts lines by time in bounded memory. A full buffer goes to a temporary file, and `inOrder` merges the files: an archive
 * can have a folder for each partition, and each of them begins again with the first day.
 */
export function timeOrder({
  maxBufferedCharacters = MAX_BUFFERED_CHARACTERS,
  parent = tmpdir(),
}: { readonly maxBufferedCharacters?: number; readonly parent?: string } = {}): TimeOrder {
  let buffer: TimedLine[] = [];
  let buffered = 0;
  let folder: string | undefined;
  const files: string[] = [];
  const sorted = (): TimedLine[] => buffer.toSorted((left, right) => compareTimes(left, right));
  const spill = (): void => {
    if (folder === undefined) {
      folder = mkdtempSync(join(parent, "pimwatch-"));
      // A command that fails does not get to close it.
      process.once("exit", close);
    }
    const file = join(folder, String(files.length));
    writeFileSync(
      file,
      sorted()
        .map(({ time, text }) => `${time} ${text}\n`)
        .join(""),
    );
    files.push(file);
    buffer = [];
    buffered = 0;
  };
  const close = (): void => {
    process.off("exit", close);
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  };
  return {
    add(line) {
      buffer.push(line);
      buffered += line.text.length;
      if (buffered > maxBufferedCharacters) spill();
    },
    inOrder: () => merged([...files.map(linesOf), fromArray(sorted())]),
    close,
  };
}

function compareTimes({ time: left }: TimedLine, { time: right }: TimedLine): number {
  return left < right ? -1 : Number(left > right);
}

async function* linesOf(file: string): AsyncGenerator<TimedLine> {
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const space = line.indexOf(" ");
    yield { time: BigInt(line.slice(0, space)), text: line.slice(space + 1) };
  }
}

// oxlint-disable-next-line require-await -- it stands beside the lines of files
async function* fromArray(lines: readonly TimedLine[]): AsyncGenerator<TimedLine> {
  yield* lines;
}

/** Merges sorted sources. Of equal times, the earlier source comes first. */
async function* merged(sources: readonly AsyncGenerator<TimedLine>[]): AsyncGenerator<TimedLine> {
  const heads: { line: TimedLine; readonly source: AsyncGenerator<TimedLine> }[] = [];
  for (const source of sources) {
    const { done, value } = await source.next();
    if (done !== true) heads.push({ line: value, source });
  }
  for (let [first] = heads; first !== undefined; [first] = heads) {
    for (const head of heads) if (compareTimes(head.line, first.line) < 0) first = head;
    yield first.line;
    const { done, value } = await first.source.next();
    if (done === true) heads.splice(heads.indexOf(first), 1);
    else first.line = value;
  }
}
