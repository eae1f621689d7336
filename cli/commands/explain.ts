import { counted } from "../../src/core/counted.ts";
import { UsageError } from "../../src/errors.ts";
import { command } from "../command.ts";
import { jsonLine } from "../json-line.ts";
import { EVENT_FILES_HELP } from "../event-files/forms-help.ts";
import { visible } from "../../src/core/visible-text.ts";

export const explain = command({
  name: "explain",
  summary: "Explains the PIM settings changes in files of events, as pimwatch understands them.",
  operands: "[options] FILE...",
  options: {
    json: { type: "boolean", help: "print one line of JSON for each change" },
  },
  notes: `${EVENT_FILES_HELP}
Records of other operations are ignored.

If pimwatch does not understand a sentence, it prints a report for an issue, with names, ids and addresses replaced.
Read the report before you post it.`,
  exitCodes: {
    0: "every sentence of every change was understood",
    1: "a sentence was not understood, or there is no such change",
    2: "no record of a file is understood",
  },
  async run({ values, operands }, terminal) {
    if (operands.length === 0) throw new UsageError("No FILE given. See: pimwatch explain --help");
    const [
      { misreadFiles, readEventFiles },
      { isAuditLog },
      { readEventBody },
      { shapedRecord },
      { isSettingsChange },
      { explain: explainRecord, explanationText, unknownWordingReport },
    ] = await Promise.all([
      import("../event-files/event-files.ts"),
      import("../../src/core/event/audit-log.ts"),
      import("../../src/core/event/event-body.ts"),
      import("../../src/core/event/record-shape.ts"),
      import("../../src/core/pim-settings/assess.ts"),
      import("../../src/core/pim-settings/wording/explain.ts"),
    ]);
    const misread = misreadFiles(terminal);
    let changes = 0;
    let unclear = 0;
    let read = 0;
    for await (const { body, where } of readEventFiles(operands, misread.report)) {
      read += 1;
      terminal.progress(`${counted(read, "event")} read, ${counted(changes, "PIM settings change")} found …`);
      const { records, unreadable } = readEventBody(body);
      for (const { reason } of unreadable) terminal.note(visible(`${where}: ${reason}`));
      for (const source of records) {
        if (!isAuditLog(source.record)) continue;
        const { record, problem } = shapedRecord(source.record);
        if (!isSettingsChange(record)) continue;
        if (problem !== undefined) terminal.note(visible(`${where}: ${problem.reason}`));
        changes += 1;
        const explanation = explainRecord(record);
        const isUnclear = explanation.unrecognized.length > 0;
        if (isUnclear) unclear += 1;
        if (values.json === true) {
          const line = { where, ...explanation, ...(isUnclear && { report: unknownWordingReport(record) }) };
          terminal.out(jsonLine(line));
          continue;
        }
        terminal.out(`${visible(where)}\n${explanationText(explanation, visible)}\n`);
        if (isUnclear) terminal.out(`${unknownWordingReport(record)}\n`);
      }
    }
    terminal.note(
      `${counted(changes, "PIM settings change")}, ${counted(unclear, "change")} with sentences that are not understood`,
    );
    return misread.exitCode(changes > 0 && unclear === 0 ? 0 : 1);
  },
});
