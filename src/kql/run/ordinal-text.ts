/**
 * Upper case as in .NET's OrdinalIgnoreCase: each UTF-16 unit is mapped by Unicode's simple mapping, so that é equals É,
 * while ß, ſ, ı, İ and the Kelvin sign equal no ASCII letter.
 *
 * JavaScript's toUpperCase differs in two ways: it expands (ß → SS), and it maps ſ → S and ı → I.
 *
 * @see https://learn.microsoft.com/dotnet/api/system.stringcomparer.ordinalignorecase
 */
export function ordinalUpper(text: string): string {
  return isAscii(text) ? text.toUpperCase() : mapUnits(text, upperUnits());
}

/** Lower case, unit by unit, as in .NET's ToLowerInvariant, which Kusto's tolower() uses. */
export function invariantLower(text: string): string {
  return isAscii(text) ? text.toLowerCase() : mapUnits(text, lowerUnits());
}

export function equalsIgnoreCase(left: string, right: string): boolean {
  return left === right || (left.length === right.length && ordinalUpper(left) === ordinalUpper(right));
}

// eslint-disable-next-line no-control-regex -- the range of ASCII is intended
const ASCII = /^[\u0000-\u007f]*$/;

export function isAscii(text: string): boolean {
  return ASCII.test(text);
}

function mapUnits(text: string, table: Uint16Array): string {
  const bytes = Buffer.from(text, "utf16le");
  const units = new Uint16Array(bytes.buffer, bytes.byteOffset, text.length);
  for (let index = 0; index < units.length; index += 1) units[index] = table[units[index] ?? 0] ?? 0;
  return bytes.toString("utf16le");
}

/** The case of all 65,536 units, computed for the first text that is not ASCII. A mapping call per unit takes a hundred times as long. */
function tableOf(map: (unit: string) => string): () => Uint16Array {
  let table: Uint16Array | undefined;
  return () =>
    (table ??= Uint16Array.from({ length: 0x1_0000 }, (_, unit) => map(String.fromCharCode(unit)).charCodeAt(0)));
}

/** Units that JavaScript maps to an ASCII letter and .NET does not change. */
const WITHOUT_UPPER = new Set(["\u0131", "\u017f"]);

function upperUnit(unit: string): string {
  if (WITHOUT_UPPER.has(unit)) return unit;
  const upper = unit.toUpperCase();
  return upper.length === 1 ? upper : (TITLE_CASE_UPPER.get(unit) ?? unit);
}

/** Greek letters with iota subscript: JavaScript expands them, Unicode's simple mapping returns one letter. */
const TITLE_CASE_UPPER = new Map<string, string>(
  [
    ...[0x1f80, 0x1f90, 0x1fa0].flatMap((start) =>
      Array.from({ length: 8 }, (_, index) => [start + index, 8] as const),
    ),
    [0x1fb3, 9] as const,
    [0x1fc3, 9] as const,
    [0x1ff3, 9] as const,
  ].map(([unit, distance]) => [String.fromCharCode(unit), String.fromCharCode(unit + distance)]),
);

function lowerUnit(unit: string): string {
  const lower = unit.toLowerCase();
  return lower.length === 1 ? lower : unit;
}

const upperUnits = tableOf(upperUnit);
const lowerUnits = tableOf(lowerUnit);
