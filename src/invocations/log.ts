/** Where an invocation writes: one line of JSON each, with the name of an event and its figures. */
export interface Log {
  info(line: string): void;
  warn(line: string): void;
  error(line: string): void;
}
