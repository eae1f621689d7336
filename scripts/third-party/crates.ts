import type { Component } from "./component.ts";
import { vettedLicense } from "./vetted-licenses.ts";

/** Source paths of a crate, which remain in the module for panic messages. */
const CRATE_PATH = /\/([a-z][a-z0-9_-]*)-(\d+\.\d+\.\d+(?:-[\w.]+)?)\/src\//g;
/** The compiler, from the section "producers"; the standard library comes with it. */
const COMPILER = /rustc[^](\d+\.\d+\.\d+) \(/g;
const BINDGEN = /wasm-bindgen[^](\d+\.\d+\.\d+) \(/g;

/**
 * The crates in a WebAssembly module, according to the module. A crate that cannot panic leaves no trace; in
 * rregex.wasm those (js-sys, serde) have the same licences and authors as the others.
 *
 * @throws {UsageError} for a crate whose licence nobody looked up
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
