import { VERSION } from "../../version.ts";
import type { Problem } from "../../kql/compile/problem.ts";

/** Problems as a SARIF 2.1.0 log, which code hosts show beside the lines. https://docs.oasis-open.org/sarif/sarif/v2.1.0/ */
export function sarifLog(problems: readonly Problem[]): object {
  const codes = [...new Set(problems.map(({ code }) => code))].toSorted();
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "pimwatch", version: VERSION, rules: codes.map((id) => ({ id })) } },
        columnKind: "utf16CodeUnits",
        results: problems.map(({ code, level, message, file, line, column }) => ({
          ruleId: code,
          ruleIndex: codes.indexOf(code),
          level,
          message: { text: message },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: uriOf(file) },
                region: { startLine: line, startColumn: column },
              },
            },
          ],
        })),
      },
    ],
  };
}

/** A relative path as a URI. */
function uriOf(file: string): string {
  return encodeURI(file.replaceAll("\\", "/")).replaceAll(/[?#]/g, encodeURIComponent);
}
