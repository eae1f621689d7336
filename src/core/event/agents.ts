import { valueText } from "../value-text.ts";
import type { DiagnosticRecord } from "./event-body.ts";

/** What a record says about an AI agent. Both fields are "" for anybody else. */
export interface Agent {
  /** Microsoft's `agentType`, as in the record; "" if the record names a blueprint alone. */
  readonly agentType: string;
  /** Object id of the agent identity blueprint that the agent was made from. */
  readonly blueprintId: string;
}

/** A target resource that is an agent. */
export interface AgentTarget extends Agent {
  readonly name: string;
  readonly id: string;
}

/**
 * The words for each `agentType`. A value that is not in the list is an agent too, unless it is `notAgentic`.
 *
 * @see https://learn.microsoft.com/entra/agent-id/sign-in-audit-logs-agents
 */
const AGENT_WORDS: ReadonlyMap<string, string> = new Map([
  ["agenticapp", "an agent identity blueprint"],
  ["agenticappinstance", "an agent identity"],
  ["agentidentityblueprintprincipal", "the principal of an agent identity blueprint"],
  ["agentiduser", "the user account of an agent"],
  // Graph's answer for a value that is newer than the request asks for.
  ["unknownfuturevalue", "an agent"],
]);

const NO_BLUEPRINT = /^[0-]*$/;

/** The agent that the parts of a record about one identity describe together: not every part names the blueprint. */
export function agentOf(parts: readonly DiagnosticRecord[]): Agent {
  const agents = parts
    .map((part) => ({
      agentType: valueText(part["agentType"]).trim(),
      blueprintId: valueText(part["blueprintId"]).trim(),
    }))
    .filter(({ agentType }) => agentType.toLowerCase() !== "notagentic");
  return {
    agentType: agents.find(({ agentType }) => agentType !== "")?.agentType ?? "",
    blueprintId: agents.find(({ blueprintId }) => !NO_BLUEPRINT.test(blueprintId))?.blueprintId ?? "",
  };
}

export function isAgent({ agentType, blueprintId }: Agent): boolean {
  return agentType !== "" || blueprintId !== "";
}

/** `an agent identity of blueprint 9a…`; a type that has no words is given as in the record. */
export function agentWords({ agentType, blueprintId }: Agent): string {
  const words =
    AGENT_WORDS.get(agentType.toLowerCase()) ?? (agentType === "" ? "an agent" : `an agent of type ${agentType}`);
  return blueprintId === "" ? words : `${words} of blueprint ${blueprintId}`;
}
