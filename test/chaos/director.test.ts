import { expect, test } from "vitest";
import { director, type Director } from "../../chaos/director.ts";
import { CELLS, isLie, isRequired, nameOfCell, OPERATIONS, type Operation } from "../../chaos/faults/fault-matrix.ts";
import { chance } from "../../local/samples/chance.ts";

const EVERY_THIRD = Object.fromEntries(OPERATIONS.map((operation) => [operation, 3])) as Record<Operation, number>;

function directed(seed: string, happened: ReadonlySet<string> = new Set()): Director {
  const decides = director({ seed, requestsPerFault: EVERY_THIRD, requestsPerKill: 10, sparedSlot: 0, happened });
  decides.becomeStormy();
  return decides;
}

/** The faults of a number of requests that arrive in the same order each time. */
function fates(decides: Director, count: number): string[] {
  const draw = chance("requests");
  return Array.from({ length: count }, (_, index) => {
    const request = { slot: draw.between(0, 3), operation: draw.pick(OPERATIONS), callId: `call ${index}` };
    const kill = decides.killFor(request);
    if (kill !== undefined) return `kill ${kill.victim} ${kill.moment}`;
    const fault = decides.faultFor(request);
    return fault === undefined ? "" : nameOfCell(fault);
  });
}

test("the same seed gives the same faults and kills in the same order, another seed others", () => {
  expect(fates(directed("a"), 5_000)).toEqual(fates(directed("a"), 5_000));
  expect(fates(directed("a"), 5_000)).not.toEqual(fates(directed("b"), 5_000));
});

test("every cell is reached", () => {
  const decides = directed("a");
  fates(decides, 30_000);
  expect([...decides.faults().keys()].toSorted()).toEqual(CELLS.map(nameOfCell).toSorted());
});

test("if only cells are missing, only those are reached, each once", () => {
  const [missing, ...happened] = CELLS.filter(isRequired).map(nameOfCell);
  const decides = directed("a", new Set(happened));
  decides.onlyTheRest();
  fates(decides, 1_000);
  expect([...decides.faults()]).toEqual([[missing, 1]]);
});

test("before the storm nothing happens", () => {
  const options = { requestsPerFault: EVERY_THIRD, requestsPerKill: 10, sparedSlot: 0, happened: new Set<string>() };
  expect(new Set(fates(director({ seed: "a", ...options }), 1_000))).toEqual(new Set([""]));
});

test("in the calm nothing happens", () => {
  const decides = directed("a");
  decides.becomeCalm();
  expect(new Set(fates(decides, 1_000))).toEqual(new Set([""]));
});

test("the spared host is never killed", () => {
  const decides = directed("a");
  const kills = Array.from({ length: 1_000 }, () => decides.killFor({ slot: 0, operation: "list", callId: "" }));
  expect(kills.filter((kill) => kill !== undefined)).toEqual([]);
});

test("after the storm each lie is repeated for a while, and nobody is killed", () => {
  const decides = directed("a");
  decides.onlyLies();
  let requests = 0;
  while (!decides.hasToldAllLies()) {
    requests += 1;
    const request = { slot: 1, operation: "transaction", callId: "" } as const;
    expect(decides.killFor(request)).toBeUndefined();
    decides.faultFor(request);
    expect(requests).toBeLessThan(2_000);
  }
  const cells = CELLS.filter((cell) => isLie(cell) && cell.operation === "transaction").map(nameOfCell);
  expect(Object.fromEntries(decides.faults())).toEqual(Object.fromEntries(cells.map((name) => [name, 8])));
});
