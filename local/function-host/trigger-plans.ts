import { SettingsError } from "../../src/errors.ts";
import { resolvePlaceholders, type Settings } from "./binding-settings.ts";
import { eventHubSource, type EventHubSource } from "./event-hub-trigger.ts";
import { parseRoute, type Route } from "./http-routes.ts";
import { retryPolicy } from "./retry-policy.ts";
import { timerSchedule, type TimerSchedule } from "./timer-trigger.ts";
import type { Binding, RegisteredFunction } from "./worker-messages.ts";

/** How a function is started, with the settings of its binding resolved. */
export type TriggerPlan = {
  readonly registered: RegisteredFunction;
  /** The worker expects the trigger's data under this name. */
  readonly bindingName: string;
} & (
  | { readonly kind: "eventHub"; readonly source: EventHubSource }
  | { readonly kind: "timer"; readonly schedule: TimerSchedule }
  | { readonly kind: "http"; readonly route: Route }
);

/**
 * Resolves the trigger of every function.
 *
 * @throws {SettingsError} with all problems of all functions, each line beginning with the setting or the function
 */
export function planTriggers(
  functions: readonly RegisteredFunction[],
  settings: Settings,
  routePrefix: string,
): TriggerPlan[] {
  const problems: string[] = [];
  const plans = functions.flatMap((registered) => {
    try {
      return [planTrigger(registered, settings, routePrefix)];
    } catch (error) {
      if (error instanceof SettingsError) problems.push(...error.problems);
      else if (error instanceof RangeError) problems.push(`${registered.name}: ${error.message}`);
      else throw error;
      return [];
    }
  });
  if (problems.length > 0) throw new SettingsError(problems);
  return plans;
}

function planTrigger(registered: RegisteredFunction, settings: Settings, routePrefix: string): TriggerPlan {
  const { name, bindings, retryOptions } = registered;
  const trigger = Object.entries(bindings).find(([, { type }]) => /trigger$/i.test(type));
  if (trigger === undefined) throw new SettingsError([`${name}: has no trigger`]);
  if (retryOptions !== undefined) retryPolicy(retryOptions);
  const [bindingName, binding] = trigger;
  const common = { registered, bindingName };
  switch (binding.type.toLowerCase()) {
    case "eventhubtrigger":
      return { ...common, kind: "eventHub", source: eventHubSource(name, binding, settings) };
    case "timertrigger":
      return { ...common, kind: "timer", schedule: timerSchedule(name, binding, settings) };
    case "httptrigger":
      return { ...common, kind: "http", route: routeOf(name, binding, { settings, routePrefix }) };
    default:
      throw new SettingsError([`${name}: a trigger of type ${binding.type} is not supported by this host`]);
  }
}

/** All methods are served if none are given. */
function methodsOf(methods: unknown): readonly string[] | undefined {
  return Array.isArray(methods) ? methods.filter((method) => typeof method === "string") : undefined;
}

/** Without a route, the function's name is the route. */
function routeOf(
  name: string,
  binding: Binding,
  { settings, routePrefix }: { readonly settings: Settings; readonly routePrefix: string },
): Route {
  const template = typeof binding["route"] === "string" ? binding["route"] : name;
  const route = resolvePlaceholders(template, settings, `${name}: route`);
  return parseRoute(name, `${routePrefix}/${route}`, methodsOf(binding["methods"]));
}
