import { refusedPlugin, WINDOW } from "../../run/refused.ts";
import { part } from "../kusto-parser.ts";
import { refusal } from "../scope.ts";
import { lowerBagUnpack } from "./bag-unpack-plugin.ts";
import type { LowerOperator } from "./operator.ts";
import { lowerPivot } from "./pivot-plugin.ts";
import { lowerSequenceDetect } from "./sequence-detect-plugin.ts";

const PLUGINS: Readonly<Record<string, LowerOperator>> = {
  bag_unpack: lowerBagUnpack,
  pivot: lowerPivot,
  sequence_detect: lowerSequenceDetect,
};

/** `evaluate plugin(…)` */
export const lowerEvaluate: LowerOperator = (node, input, environment, isFirst) => {
  const plugin = part(node, "FunctionCall");
  const name = part(plugin, "Name").SimpleName ?? "";
  const lower = Object.hasOwn(PLUGINS, name) ? PLUGINS[name] : undefined;
  if (lower) return lower(node, input, environment, isFirst);
  const reason = refusedPlugin(name);
  const code = reason === WINDOW ? "not-event-local" : "unsupported-operator";
  throw refusal(plugin, environment, code, `the plugin ${name} is not supported: ${reason}`);
};
