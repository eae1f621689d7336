// Prints what `vitest run --coverage` measured, added up by room: one line for each folder two levels down.
import { readFile } from "node:fs/promises";
import { relative, sep } from "node:path";

interface Count {
  readonly total: number;
  readonly covered: number;
}

/** The reporter `json-summary`: a key for each file, by its full path, and `total`. */
type Summary = Readonly<Record<string, Readonly<Record<"lines" | "functions" | "branches", Count>>>>;

const MEASURES = ["lines", "functions", "branches"] as const;

const summary: Summary = JSON.parse(await readFile("coverage/coverage-summary.json", "utf8"));
const rooms = new Map<string, { files: number } & Record<(typeof MEASURES)[number], Count>>();
for (const [path, counts] of Object.entries(summary)) {
  const name = path === "total" ? "all" : roomOf(relative(process.cwd(), path));
  const room = rooms.get(name) ?? { files: 0, lines: none(), functions: none(), branches: none() };
  room.files += path === "total" ? Object.keys(summary).length - 1 : 1;
  for (const measure of MEASURES) room[measure] = sum(room[measure], counts[measure]);
  rooms.set(name, room);
}

console.log(["room".padEnd(28), "files", ...MEASURES.map((measure) => measure.padStart(9))].join(" "));
for (const [name, room] of [...rooms].sort(([a], [b]) => (a < b ? -1 : 1))) {
  const shares = MEASURES.map((measure) => percent(room[measure]).padStart(9));
  console.log([name.padEnd(28), String(room.files).padStart(5), ...shares].join(" "));
}

/** `src/core/json/bounded.ts` is in the room `src/core/json`, `cli/pimwatch.ts` in `cli`. */
function roomOf(path: string): string {
  return path.split(sep).slice(0, -1).slice(0, 3).join("/");
}

function none(): Count {
  return { total: 0, covered: 0 };
}

function sum(one: Count, other: Count): Count {
  return { total: one.total + other.total, covered: one.covered + other.covered };
}

function percent({ covered, total }: Count): string {
  return total === 0 ? "-" : `${((100 * covered) / total).toFixed(1)} %`;
}
