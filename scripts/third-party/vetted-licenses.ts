import { readFileSync } from "node:fs";
import { UsageError } from "../../src/errors.ts";

/** A licence that a person looked up, for a component distributed without its text. */
export interface VettedLicense {
  readonly license: string;
  readonly text: string;
}

/** In SPDX's wording. https://spdx.org/licenses/MIT.html */
const MIT = `\
Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy,
modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the
Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE,
ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

const UNICODE_3 = textIn("Unicode-3.0.txt");
const UNICODE_DFS_2016 = textIn("Unicode-DFS-2016.txt");

/**
 * By purl with version, so that a person looks up each new version again. If a licence offers a choice, the text is the
 * one we chose.
 *
 * Rust lists the licence texts of the crates that it contains (share/doc/rust/COPYRIGHT.html and COPYRIGHT-library.html
 * of Rust 1.95.0 and 1.97.0-nightly). Texts and copyright lines below were compared with those, word for word.
 */
const VETTED: Readonly<Record<string, VettedLicense>> = {
  // Its package.json names licence and author, but neither package nor repository contains a text.
  "pkg:npm/%40nodable/entities@3.1.0": mit("MIT", "Copyright (c) Amit Gupta (https://solothought.com)"),

  // The crates that rregex.wasm is compiled of. https://github.com/2fd/rregex/blob/master/Cargo.lock
  // Compared in this version:
  "pkg:cargo/aho-corasick@1.1.3": mit("Unlicense OR MIT", "Copyright (c) 2015 Andrew Gallant"),
  "pkg:cargo/hashbrown@0.17.1": mit("MIT OR Apache-2.0", "Copyright (c) 2016 Amanieu d'Antras"),
  "pkg:cargo/once_cell@1.20.2": mit("MIT OR Apache-2.0"), // its text names nobody
  // Compared in the versions before (memchr 2.7.2, wasm-bindgen 0.2.93) and after (2.7.5, 0.2.105):
  "pkg:cargo/memchr@2.7.4": mit("Unlicense OR MIT", "Copyright (c) 2015 Andrew Gallant"),
  "pkg:cargo/wasm-bindgen@0.2.100": mit("MIT OR Apache-2.0", "Copyright (c) 2014 Alex Crichton"),
  // Compared in the newest version that Rust contains: regex 1.12.3, regex-automata 0.4.14, regex-syntax 0.8.10.
  "pkg:cargo/regex@1.13.1": mit("MIT OR Apache-2.0", "Copyright (c) 2014 The Rust Project Developers"),
  "pkg:cargo/regex-automata@0.4.16": mit("MIT OR Apache-2.0", "Copyright (c) 2014 The Rust Project Developers"),
  // Its character tables are Unicode's. That text is from its file LICENSE-UNICODE in version 0.6.27.
  "pkg:cargo/regex-syntax@0.8.11": and(
    mit("(MIT OR Apache-2.0)", "Copyright (c) 2014 The Rust Project Developers"),
    "Unicode-DFS-2016",
    UNICODE_DFS_2016,
  ),
  // The licence is in its Cargo.toml, and its README names a file LICENSE. NOT COMPARED: the copyright line of that file.
  "pkg:cargo/serde-wasm-bindgen@0.6.5": mit("MIT", "Copyright (c) 2019 Cloudflare, Inc."),
  // From COPYRIGHT-library.html of 1.97.0-nightly: the library, its part library/backtrace, and unicode_data.rs.
  "pkg:generic/rust-std@1.97.0": and(
    mit(
      "(MIT OR Apache-2.0)",
      "Copyright (c) The Rust Project Developers (see https://thanks.rust-lang.org)\nCopyright (c) 2014 Alex Crichton",
    ),
    "Unicode-3.0",
    UNICODE_3,
  ),

  // Its fields and query are those of the official rule. NOT COMPARED: the copyright line of the repository's LICENSE.
  "pkg:github/azure/azure-sentinel#Detections/AuditLogs/ChangestoPIMSettings.yaml": mit(
    "MIT",
    "Copyright (c) Microsoft Corporation. All rights reserved.",
  ),
};

/** @throws {UsageError} naming the component without a text, and the remedy */
export function vettedLicense(purl: string): VettedLicense {
  const found = VETTED[purl];
  if (found !== undefined) return found;
  throw new UsageError(
    `${purl}: it is part of the app and comes without a licence text. Look up licence and copyright where it is ` +
      "published, and add both to scripts/third-party/vetted-licenses.ts.",
  );
}

function mit(license: string, copyright?: string): VettedLicense {
  return { license, text: ["MIT License", ...(copyright === undefined ? [] : [copyright]), MIT].join("\n\n") };
}

/** For a component that contains parts under another licence. */
function and({ license, text }: VettedLicense, otherLicense: string, otherText: string): VettedLicense {
  return { license: `${license} AND ${otherLicense}`, text: `${text}\n\n${otherText}` };
}

function textIn(file: string): string {
  return readFileSync(new URL(`license-texts/${file}`, import.meta.url), "utf8").trim();
}
