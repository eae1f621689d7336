/** Why the service refuses, in AMQP's terms: clients map `condition` to their error codes. */
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
