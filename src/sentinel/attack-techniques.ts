import { readFileSync } from "node:fs";
import { TACTICS } from "../core/incident/rule.ts";

type Tactic = (typeof TACTICS)[number];

interface Technique {
  /** E.g. T1078 or T1078.004. */
  readonly id: string;
  /** A sub-technique has the name of its technique. */
  readonly name: string;
  readonly tactics: readonly Tactic[];
}

interface Matrix {
  /** Version of MITRE ATT&CK's enterprise matrix. */
  readonly version: string;
  /** Every technique and sub-technique by its id. */
  readonly techniques: ReadonlyMap<string, Technique>;
}

let matrix: Matrix | undefined;

/** The content of attack-techniques.csv, read once. */
export function attackMatrix(): Matrix {
  return (matrix ??= readMatrix());
}

function readMatrix(): Matrix {
  const lines = readFileSync(new URL("attack-techniques.csv", import.meta.url), "utf8")
    .trim()
    .split("\n");
  const version = /ATT&CK ([\d.]+),/.exec(lines[0] ?? "")?.[1] ?? "";
  const rows = lines.filter((line) => /^T\d/.test(line)).flatMap(techniquesOf);
  return { version, techniques: new Map(rows.map((technique) => [technique.id, technique])) };
}

/** A technique and its sub-techniques. */
function techniquesOf(line: string): Technique[] {
  const [id = "", tacticNames = "", subs = "", ...name] = line.split(",");
  const tactics = tacticNames.split(" ").flatMap((tacticName) => TACTICS.find((tactic) => tactic === tacticName) ?? []);
  const technique = { id, name: name.join(","), tactics };
  const numbers = subs === "" ? [] : subs.split(" ").flatMap(range);
  return [technique, ...numbers.map((sub) => ({ ...technique, id: `${id}.${String(sub).padStart(3, "0")}` }))];
}

function range(text: string): number[] {
  const [first = 0, last = first] = text.split("-").map(Number);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
