import { sha256Hex } from "../../core/json/content-hash.ts";
import type { HubPosition } from "../../core/incident/incident.ts";
import { type BatchFigures, type DetectDependencies, detectBatch } from "./detect-batch.ts";

export interface RedriveDependencies extends Omit<DetectDependencies, "deadLetters"> {
  readonly deadLetters: DetectDependencies["deadLetters"] & { remove(name: string): Promise<void> };
}

export interface KeptLetter {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly position: HubPosition;
}

export interface Redriven {
  readonly figures: BatchFigures;
  /** Why it stays a dead letter; undefined if it is not one any more. */
  readonly stays: string | undefined;
  /** Reasons of its parts that became dead letters of their own. */
  readonly parts: readonly string[];
}

/**
 * Processes a dead letter again, with the same code, after a fix. It is removed only when everything in it has another
 * fate. If only a part has, the rest becomes dead letters of its own.
 */
export async function redrive({ name, bytes, position }: KeptLetter, deps: RedriveDependencies): Promise<Redriven> {
  const buried: { bytes: Uint8Array; reason: string; position: HubPosition }[] = [];
  const collecting = {
    add: (letter: (typeof buried)[number]) => {
      buried.push(letter);
      return Promise.resolve();
    },
  };
  const { figures } = await detectBatch([{ body: bytes, position }], { ...deps, deadLetters: collecting });
  const hash = sha256Hex(bytes);
  const itself = buried.find((letter) => sha256Hex(letter.bytes) === hash);
  const parts = buried.filter((letter) => letter !== itself && sha256Hex(letter.bytes) !== hash);
  for (const part of parts) await deps.deadLetters.add(part);
  if (itself === undefined) await deps.deadLetters.remove(name);
  return { figures, stays: itself?.reason, parts: parts.map(({ reason }) => reason) };
}
