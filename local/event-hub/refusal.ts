/** Why the service says no, in AMQP's terms: `condition` is what clients map to their error codes. */
export interface Refusal {
  readonly condition: string;
  readonly description: string;
}

export function refusal(condition: string, description: string): Refusal {
  return { condition, description };
}

export function isRefusal(value: object | number): value is Refusal {
  return typeof value === "object" && "condition" in value;
}
