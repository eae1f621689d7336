import { expect, test } from "vitest";
import { sha256Hex } from "../../../src/core/json/content-hash.ts";
import { redrive } from "../../../src/workflows/detection/redrive.ts";
import { bytes, eventBody, POSITION, settingsChange } from "../../samples.ts";
import { memoryStores } from "../memory-stores.ts";

/** An event with one record that a rule finds, and one part that cannot be read. */
const letter = Buffer.concat([eventBody(settingsChange()).subarray(0, -2), bytes(",17]}")]);
const name = sha256Hex(letter);

/** A container that holds the letter; adding to it fails on request. */
function container({ isDown }: { readonly isDown: boolean }) {
  const kept = new Map([[name, Buffer.from(letter)]]);
  return {
    kept,
    async add({ bytes: part }: { readonly bytes: Uint8Array }) {
      await Promise.resolve();
      if (isDown) throw new Error("the container is down");
      kept.set(sha256Hex(part), Buffer.from(part));
    },
    async remove(gone: string) {
      await Promise.resolve();
      kept.delete(gone);
    },
  };
}

async function redriven(deadLetters: ReturnType<typeof container>) {
  return redrive({ name, bytes: letter, position: POSITION }, { ...memoryStores().deps, deadLetters });
}

test("the parts that stay unreadable replace the letter", async () => {
  const { kept, ...rest } = container({ isDown: false });

  expect(await redriven({ kept, ...rest })).toMatchObject({ stays: undefined, parts: ["records[1] is not an object"] });
  expect([...kept.values()].map(String)).toEqual(["17"]);
});

test("a letter stays until its parts are stored", async () => {
  const { kept, ...rest } = container({ isDown: true });

  await expect(redriven({ kept, ...rest })).rejects.toThrow("the container is down");
  expect([...kept.keys()]).toEqual([name]);
});
