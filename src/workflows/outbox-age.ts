export interface OutboxAgeDependencies {
  /** Each has a partition of its own. */
  ruleIds(): Promise<readonly string[]>;
  readonly accounts: { oldestWaiting(ruleId: string): Promise<string | undefined> };
  now(): Date;
}

/** Seconds since the oldest row that waits to be forwarded was queued; 0 where none waits. Refused rows do not count. */
export async function outboxAgeSeconds({ ruleIds, accounts, now }: OutboxAgeDependencies): Promise<number> {
  let age = 0;
  for (const ruleId of await ruleIds()) {
    const queued = Date.parse((await accounts.oldestWaiting(ruleId)) ?? "");
    if (!Number.isNaN(queued)) age = Math.max(age, Math.round((now().getTime() - queued) / 1_000));
  }
  return age;
}
