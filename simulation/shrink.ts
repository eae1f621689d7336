import type { Plan } from "./plan.ts";

/**
 * The smallest plan that still fails, found by leaving out happenings, first many at a time and then one by one, and by
 * asking whether it fails without random faults.
 *
 * @param fails runs a plan. It must fail for the given one
 */
export async function shrunk(plan: Plan, fails: (plan: Plan) => Promise<boolean>): Promise<Plan> {
  let smallest = plan;
  const tryInstead = async (candidate: Plan): Promise<boolean> => {
    if (!(await fails(candidate))) return false;
    smallest = candidate;
    return true;
  };
  await tryInstead({ ...smallest, slow: 0 });
  await tryInstead({ ...smallest, faults: 0 });
  await tryInstead({ ...smallest, instances: 1 });
  for (let size = Math.ceil(plan.happenings.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < smallest.happenings.length;) {
      const happenings = smallest.happenings.toSpliced(at, size);
      if (!(await tryInstead({ ...smallest, happenings }))) at += size;
    }
  }
  return smallest;
}
