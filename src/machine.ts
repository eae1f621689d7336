import { randomUUID } from "node:crypto";

/**
 * What the app takes from the machine that it runs on, apart from its services: time, timers and chance. Everything that
 * needs one of these takes it as an argument, so that the simulation (simulation/) can give others.
 */
export interface Machine {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `action` once after this many milliseconds. @returns a function that prevents it */
  after(milliseconds: number, action: () => void): () => void;
  /** An id that nobody has used before. */
  newId(): string;
  /** A number from 0 up to, but not including, 1. */
  random(): number;
}

/** The real one. Lint forbids these globals everywhere else in deployed code. */
export const MACHINE: Machine = {
  now: Date.now,
  after(milliseconds, action) {
    const timer = setTimeout(action, milliseconds);
    return () => clearTimeout(timer);
  },
  newId: randomUUID,
  random: Math.random,
};
