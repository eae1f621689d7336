import { useEffect, useState } from "preact/hooks";
import { AGES_EVERY_MS } from "../core/timing.ts";

/** The time in milliseconds since 1970, updated often enough for "5 min ago". */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), AGES_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}
