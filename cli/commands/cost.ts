import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { UsageError } from "../../src/errors.ts";
import { command } from "../command.ts";
import { alertsIn, billOf, unitsOf, USAGE, type Grants, type Units, type Usage } from "../deployment/monthly-cost.ts";
import { fileReason } from "../errors/failure-text.ts";

/** The template with its default parameters, as Bicep predicts it. */
const DEPLOYMENT = fileURLToPath(new URL("../../infra/main.snapshot.json", import.meta.url));

const number = (name: keyof Usage, help: string) =>
  ({ type: "string", value: "N", help: `${help} (default: ${USAGE[name]})` }) as const;

export const cost = command({
  name: "cost",
  summary:
    "Prints how many units of each of Azure's meters a deployment uses in a month and, with your prices, the bill.",
  options: {
    "events-a-day": number("events-a-day", "audit events that Entra exports"),
    "events-a-batch": number("events-a-batch", "events of one run; 1 is the worst case, 64 the most"),
    "incidents-a-day": number("incidents-a-day", "incidents that the rules find"),
    "always-ready": number("always-ready", "alwaysReadyInstances"),
    "memory-mb": number("memory-mb", "instanceMemoryMB"),
    "throughput-units": number("throughput-units", "throughput units of the hub's namespace"),
    partitions: number("partitions", "partitionCount"),
    "split-series": number("split-series", "values for which an alert that splits by columns has rows at once"),
    prices: {
      type: "string",
      value: "FILE",
      help: "JSON: the price of a unit of each meter, by the names printed here",
    },
  },
  notes: `Prices differ by region and contract, so you give them: copy them from Azure's price list into FILE, one number for
each meter. "grants" in FILE has the on-demand use that your subscription gets free:

  { "hubUnitHours": 0.5, …, "grants": { "onDemandGbSeconds": 1000, "onDemandMillionExecutions": 0.1 } }

docs/deploy.md#cost says which meter of the price list each name stands for. Log alerts and metric alerts are those of
the template with its default parameters.`,
  exitCodes: { 0: "the units, and the bill if you gave prices, were printed" },
  async run({ values: { prices: file, ...given } }, terminal) {
    const usage = {
      ...USAGE,
      ...Object.fromEntries(Object.entries(given).map(([name, text]) => [name, amount(name, text)])),
    };
    const units = unitsOf(usage, alertsIn(await readFile(DEPLOYMENT, "utf8")));
    const line = (name: string, count: number) =>
      `${name.padEnd(30)}${count.toLocaleString("en", { maximumFractionDigits: 2 }).padStart(15)}\n`;
    for (const [meter, count] of Object.entries(units)) terminal.out(line(meter, count));
    if (file === undefined) return 0;
    const { grants, ...prices } = await pricesIn(file);
    terminal.out(line("bill", billOf(units, prices, grants)));
    return 0;
  },
});

function amount(option: string, text: string): number {
  const least = option === "events-a-batch" ? 1 : 0;
  const value = Number(text);
  if (text.trim() !== "" && value >= least && Number.isFinite(value)) return value;
  throw new UsageError(`--${option} must be a number of at least ${least}, not "${text}"`);
}

async function pricesIn(file: string): Promise<Units & { readonly grants?: Grants }> {
  let prices: unknown;
  try {
    prices = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new UsageError(`--prices ${file}: ${fileReason(error) ?? "the file is not JSON"}`, { cause: error });
  }
  if (typeof prices !== "object" || prices === null) throw new UsageError(`--prices ${file}: not an object of prices`);
  return { ...prices }; // billOf checks the numbers
}
