import fc from "fast-check";
import { chance } from "../../../local/samples/chance.ts";
import { anyStyle, writtenBody } from "../../../local/samples/written-event.ts";
import type { Json } from "../../../src/kql/run/values.ts";

/** One of the ways in which JSON can write a value: blanks, escapes and the order of keys are drawn. */
export function writtenJson(value: Json): fc.Arbitrary<Uint8Array> {
  return fc.nat().map((seed) => {
    const draw = chance(`written ${seed}`);
    return writtenBody(value, anyStyle(draw), draw);
  });
}
