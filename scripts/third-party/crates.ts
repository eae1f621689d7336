import type { Component } from "./component.ts";
import { vettedLicense } from "./vetted-licenses.ts";

/** Where a crate was compiled: paths that are left in the module for the messages of panics. */
const CRATE_PATH = /\/([a-z][a-z0-9_-]*)-(\d+\.\d+\.\d+(?:-[\w.]+)?)\/src\//g;
/** What made the module, from its section "producers": the standard library comes with the compiler. */
const COMPILER = /rustc[^](\d+\.\d+\.\d+) \(/g;
const BINDGEN = /wasm-bindgen[^](\d+\.\d+\.\d+) \(/g;

/**
 * The crates that a WebAssembly module says it is compiled of. A crate that cannot panic leaves no trace; those of
 * rregex.wasm (js-sys, serde) are under the same licences and by the same people as the others.
 *
 * @throws {UsageError} for a crate whose licence was not looked up
 */
export function cratesIn(wasm: Buffer): Component[] {
  const text = wasm.toString("latin1");
  const purls = [
    ...[...text.matchAll(CRATE_PATH)].map(([, name, version]) => `pkg:cargo/${name}@${version}`),
    ...[...text.matchAll(COMPILER)].map(([, version]) => `pkg:generic/rust-std@${version}`),
    ...[...text.matchAll(BINDGEN)].map(([, version]) => `pkg:cargo/wasm-bindgen@${version}`),
  ];
  return [...new Set(purls)].toSorted().map(crate);
}

function crate(purl: string): Component {
  const [, name = "", version = ""] = /\/(.+)@(.+)$/.exec(purl) ?? [];
  const { license, text } = vettedLicense(purl);
  return { purl, type: "library", name, version, license, texts: [text], needs: [] };
}
