// Messages between the runner and its host processes.

export type ToHost = { readonly kind: "killWorker" } | { readonly kind: "stop" };

export type FromHost =
  | { readonly kind: "ready" }
  | { readonly kind: "log"; readonly line: string }
  | { readonly kind: "workerExited" }
  /** The host restarted itself because its worker died too often. */
  | { readonly kind: "restarted" }
  /** An attempt to run a function failed. */
  | { readonly kind: "failed"; readonly functionName: string };
