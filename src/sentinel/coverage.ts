import { TACTICS } from "../core/incident/rule.ts";
import { attackMatrix } from "./attack-techniques.ts";
import type { SourcedRule } from "./compile-rules.ts";

interface CoveredTechnique {
  readonly id: string;
  /** "" if ATT&CK has no technique with this id. */
  readonly name: string;
  /** Names of the rules that run. */
  readonly rules: readonly string[];
  readonly switchedOff: readonly string[];
}

export interface CoveredTactic {
  readonly tactic: string;
  readonly techniques: readonly CoveredTechnique[];
}

/** The techniques that the rules cover, grouped by tactics of both rule and technique, in the matrix's order. */
export function coverageOf(sourced: readonly SourcedRule[]): CoveredTactic[] {
  const known = attackMatrix().techniques;
  return TACTICS.map((tactic) => {
    const byTechnique = new Map<string, { rules: string[]; switchedOff: string[] }>();
    for (const { rule, files } of sourced) {
      for (const id of rule.techniques) {
        const tactics: readonly string[] = known.get(id)?.tactics ?? rule.tactics;
        if (!rule.tactics.includes(tactic) || !tactics.includes(tactic)) continue;
        const entry = byTechnique.get(id) ?? { rules: [], switchedOff: [] };
        byTechnique.set(id, entry);
        (rule.disabled === true ? entry.switchedOff : entry.rules).push(files.name);
      }
    }
    const techniques = [...byTechnique]
      .map(([id, entry]): CoveredTechnique => ({ id, name: known.get(id)?.name ?? "", ...entry }))
      .toSorted((left, right) => (left.id < right.id ? -1 : 1));
    return { tactic, techniques };
  }).filter(({ techniques }) => techniques.length > 0);
}

/** A layer of the ATT&CK Navigator. https://github.com/mitre-attack/attack-navigator/blob/master/layers/spec/v4.5/layerformat.md */
export function navigatorLayer(tactics: readonly CoveredTactic[]): object {
  return {
    name: "pimwatch",
    versions: { attack: attackMatrix().version.replace(/\.0$/, ""), navigator: "5.1.0", layer: "4.5" },
    domain: "enterprise-attack",
    techniques: tactics.flatMap(({ tactic, techniques }) =>
      techniques
        .filter(({ rules }) => rules.length > 0)
        .map(({ id, rules }) => ({
          techniqueID: id,
          tactic: tactic.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase(),
          score: rules.length,
          comment: rules.join(", "),
          enabled: true,
        })),
    ),
    gradient: { colors: ["#ffffff", "#66b1ff"], minValue: 0, maxValue: 5 },
  };
}
