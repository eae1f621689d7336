import { UsageError } from "../../src/errors.ts";

/** A licence that was looked up by hand, for what is distributed without its text. */
export interface VettedLicense {
  readonly license: string;
  readonly text: string;
}

/** As SPDX has it. https://spdx.org/licenses/MIT.html */
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

/**
 * By purl with the version, so that each new version is looked up again. Of licences to choose from, the text is the one
 * of the choice.
 */
const VETTED: Readonly<Record<string, VettedLicense>> = {
  // Its package.json names licence and author, and neither package nor repository holds a text.
  "pkg:npm/%40nodable/entities@3.1.0": mit("MIT", "Copyright (c) Amit Gupta (https://solothought.com)"),

  // The crates that rregex.wasm is compiled of. https://github.com/2fd/rregex/blob/master/Cargo.lock
  "pkg:cargo/aho-corasick@1.1.3": mit("Unlicense OR MIT", "Copyright (c) 2015 Andrew Gallant"),
  "pkg:cargo/hashbrown@0.17.1": mit("MIT OR Apache-2.0", "Copyright (c) 2016 Amanieu d'Antras"),
  "pkg:cargo/memchr@2.7.4": mit("Unlicense OR MIT", "Copyright (c) 2015 Andrew Gallant"),
  "pkg:cargo/once_cell@1.20.2": mit("MIT OR Apache-2.0"),
  "pkg:cargo/regex@1.13.1": mit("MIT OR Apache-2.0", "Copyright (c) 2014 The Rust Project Developers"),
  "pkg:cargo/regex-automata@0.4.16": mit("MIT OR Apache-2.0", "Copyright (c) 2014 The Rust Project Developers"),
  "pkg:cargo/regex-syntax@0.8.11": mit("MIT OR Apache-2.0", "Copyright (c) 2014 The Rust Project Developers"),
  "pkg:cargo/serde-wasm-bindgen@0.6.5": mit("MIT", "Copyright (c) 2019 Cloudflare, Inc."),
  "pkg:cargo/wasm-bindgen@0.2.100": mit("MIT OR Apache-2.0", "Copyright (c) 2014 Alex Crichton"),
  "pkg:generic/rust-std@1.97.0": mit("MIT OR Apache-2.0", "Copyright (c) The Rust Project Contributors"),

  // Its fields and query are those of the official rule.
  "pkg:github/azure/azure-sentinel#Detections/AuditLogs/ChangestoPIMSettings.yaml": mit(
    "MIT",
    "Copyright (c) Microsoft Corporation. All rights reserved.",
  ),
};

/** @throws {UsageError} naming what has no text, and what to do */
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
