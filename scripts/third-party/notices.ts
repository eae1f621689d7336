import { type Component, titleOf, withParts } from "./component.ts";

const LINE = "=".repeat(100);

/** The notices that the licences require to be passed on: each component with its complete texts. */
export function noticesOf(components: readonly Component[]): string {
  const sections = withParts(components)
    .toSorted((one, other) => (titleOf(one) < titleOf(other) ? -1 : 1))
    .map((component) =>
      [LINE, `${titleOf(component)} (${component.license})`, LINE, "", component.texts.join("\n\n")].join("\n"),
    );
  return `${[INTRODUCTION, ...sections].join("\n\n")}\n`;
}

const INTRODUCTION = `\
THIRD-PARTY NOTICES

pimwatch is under the MIT license. It contains the following, each under a license of its own.`;
